// A picture as the query: chosen, dropped anywhere on the page, or pasted. Made small here, so that it is there at once.

const LONGER_SIDE = 768 // pixels; encoders look at a few hundred
const LARGEST = 24 * 2 ** 20 // bytes, of what this browser cannot read and the server may

async function smaller(file) {
  try {
    const image = await createImageBitmap(file)
    const scale = Math.min(1, LONGER_SIDE / Math.max(image.width, image.height))
    const canvas = make("canvas", { width: Math.round(image.width * scale), height: Math.round(image.height * scale) })
    const context = canvas.getContext("2d")
    context.fillStyle = "#fff" // behind what is transparent
    context.fillRect(0, 0, canvas.width, canvas.height)
    context.drawImage(image, 0, 0, canvas.width, canvas.height)
    return await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.92))
  } catch {
    return file // a format that only the server knows
  }
}

const base64 = async (blob) => {
  const reader = new FileReader()
  await new Promise((done) => Object.assign(reader, { onload: done }).readAsDataURL(blob))
  return reader.result.slice(reader.result.indexOf(",") + 1)
}

class PictureBox {
  constructor(root) {
    this.input = root.querySelector("input")
    this.veil = root.querySelector(".veil")
    this.input.onchange = () => this.take(this.input.files[0])
    this.button = root.querySelector("button")
    this.button.prepend(icon("camera"))
    this.button.onclick = () => this.input.click()
    this.listeners = {
      paste: (event) => this.take([...event.clipboardData.files].find((file) => file.type.startsWith("image/")), event),
      dragover: (event) => this.over(event),
      dragleave: (event) => event.relatedTarget === null && (this.veil.hidden = true),
      drop: (event) => this.dropped(event),
    }
    for (const [name, listener] of Object.entries(this.listeners)) document.addEventListener(name, listener)
  }

  end() {
    for (const [name, listener] of Object.entries(this.listeners)) document.removeEventListener(name, listener)
  }

  over(event) {
    if (![...event.dataTransfer.types].includes("Files")) return
    event.preventDefault()
    this.veil.hidden = false
  }

  dropped(event) {
    this.veil.hidden = true
    if (event.dataTransfer.files.length) this.take(event.dataTransfer.files[0], event)
  }

  async take(file, event) {
    if (!file) return
    event?.preventDefault()
    this.input.value = ""
    const small = await smaller(file)
    if (small.size > LARGEST) this.tell("problem", `${file.name} has more than ${LARGEST / 2 ** 20} MB`)
    else this.tell("picture", await base64(small))
  }
}

export default function ({ parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".picture")
  const box = (root.box ??= new PictureBox(root))
  box.tell = setTriggerValue
  return () => box.end()
}
