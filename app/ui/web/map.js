// A map of the library: dots from afar, pictures from near. Drag, wheel, pinch or keys; a click opens a photo.

const SHOWN = 250 // photos in view up to which they are pictures, not dots
const THUMB = [30, 120] // pixels of a picture on the map, as there is room
const NAMED = 3 // photos from which on a region is named
const KEPT = 600 // pictures kept
const PAUSE = 250 // ms without a move after which the photos of what is in view are asked for
const NEAREST = 1, FARTHEST = 400 // zoom

class PhotoMap {
  constructor(root) {
    this.root = root
    this.canvas = root.querySelector("canvas")
    this.names = root.querySelector(".names")
    this.tip = root.querySelector(".tip")
    this.status = root.querySelector(".status")
    this.legend = root.querySelector(".legend")
    this.pictures = new Map()
    this.points = []
    this.regions = []
    this.by = "label"
    this.view = { x: 0.5, y: 0.5, zoom: 1 }
    this.fingers = new Map()
    this.shelf = new Shelf(root, (...what) => this.trigger(...what), () => this.canvas.focus())
    this.listen()
    this.observer = new ResizeObserver(() => this.resize())
    this.observer.observe(this.canvas)
    this.load()
  }

  end() {
    this.observer.disconnect()
    cancelAnimationFrame(this.frame)
    clearTimeout(this.again)
    clearTimeout(this.asking)
  }

  async load() {
    try {
      const { points, regions, current, photos, doing } = await ask("/map")
      Object.assign(this, { points, regions, photos, far: points, current })
      const years = points.filter((p) => p.taken_at).map((p) => Number(p.taken_at.slice(0, 4)))
      this.years = years.length ? [years.reduce((a, b) => Math.min(a, b)), years.reduce((a, b) => Math.max(a, b))] : null
      const now = doing ? ` (${doing})` : ""
      this.status.textContent = points.length ? (current ? this.sampled() : `Photos have changed: a newer map is being made${now} …`)
        : current ? "No photo is indexed yet" : `The map is being made${now}: the first time it takes up to a minute or two …`
      if (!current) this.again = setTimeout(() => this.load(), points.length ? 10_000 : 2_000)
      this.tellColours()
      this.later()
    } catch (error) {
      this.status.replaceChildren(`The map cannot be loaded: ${error.message}. `,
        make("button", { type: "button", textContent: "Try again", onclick: () => this.load() }))
    }
  }

  // Of a large library the whole is a sample; what lies in view is asked for when the view has come to rest.
  sampled(inside = this.photos, shown = this.far.length) {
    return inside > shown ? `${shown.toLocaleString()} of ${inside.toLocaleString()} photos are drawn here: zoom in for the others` : ""
  }

  askForView() {
    clearTimeout(this.asking)
    if (this.photos > this.far.length) this.asking = setTimeout(() => this.loadView(), PAUSE)
  }

  async loadView() {
    const half = [this.width / 2 / this.scale / this.stretch[0], this.height / 2 / this.scale / this.stretch[1]]
    const side = (value) => Math.min(Math.max(value, 0), 1).toFixed(4)
    const [left, right] = [side(this.view.x - half[0]), side(this.view.x + half[0])]
    const [bottom, top] = [side(this.view.y - half[1]), side(this.view.y + half[1])]
    try {
      const { points, inside } = await ask(`/map?left=${left}&bottom=${bottom}&right=${right}&top=${top}`)
      const near = new Set(points.map(({ id }) => id))
      this.points = [...this.far.filter(({ id }) => !near.has(id)), ...points]
      if (this.current) this.status.textContent = this.sampled(inside, points.length)
      this.later()
    } catch { // what is drawn already stays
    }
  }

  listen() {
    const on = (name, listener, options) => this.canvas.addEventListener(name, listener, options)
    on("wheel", (event) => {
      event.preventDefault()
      this.zoomAt(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.002)), event.offsetX, event.offsetY)
    }, { passive: false })
    on("pointerdown", (event) => this.pressed(event))
    on("pointermove", (event) => this.moved(event))
    on("pointerup", (event) => this.released(event))
    on("pointercancel", (event) => this.fingers.delete(event.pointerId))
    on("pointerleave", () => (this.tip.hidden = true))
    on("dblclick", (event) => this.zoomAt(2, event.offsetX, event.offsetY))
    on("keydown", (event) => this.key(event))
    this.root.querySelectorAll("[data-by]").forEach((one) => (one.onclick = () => this.colourBy(one.dataset.by)))
    const tool = (name, label, onclick) => button(name, label, { onclick })
    this.root.querySelector(".tools").append(
      tool("plus", "Nearer (+)", () => this.zoomAt(1.6)), tool("minus", "Farther (−)", () => this.zoomAt(1 / 1.6)),
      tool("whole", "The whole map (0)", () => this.whole()))
  }

  colourBy(by) {
    this.by = by
    this.root.querySelectorAll("[data-by]").forEach((one) => one.setAttribute("aria-pressed", one.dataset.by === by))
    this.tellColours()
    this.later()
  }

  tellColours() {
    const shown = this.by === "date" && this.years
    this.legend.hidden = !shown
    if (shown) this.legend.replaceChildren(String(this.years[0]), make("i"), String(this.years[1]))
  }

  colour(point) {
    if (this.by === "label") return point.label ? `hsl(${hue(point.label)} 60% ${this.dark ? 62 : 44}%)` : "#8a9794"
    if (!point.taken_at || !this.years) return "#8a9794"
    const share = (Number(point.taken_at.slice(0, 4)) - this.years[0]) / Math.max(1, this.years[1] - this.years[0])
    return `hsl(${250 - 210 * share} 70% ${this.dark ? 62 : 46}%)`
  }

  get scale() {
    return Math.min(this.width, this.height) * 0.9 * this.view.zoom
  }

  get wide() { // on a screen that is wider than high the map is stretched, to use it
    return Math.min(Math.max(this.width / this.height, 0.7), 1.9)
  }

  place(point) {
    return [this.width / 2 + (point.x - this.view.x) * this.scale * this.stretch[0],
      this.height / 2 - (point.y - this.view.y) * this.scale * this.stretch[1]]
  }

  get stretch() {
    return this.wide > 1 ? [this.wide, 1] : [1, 1 / this.wide]
  }

  resize() {
    const ratio = Math.min(devicePixelRatio, 2)
    this.width = this.canvas.clientWidth
    this.height = this.canvas.clientHeight
    Object.assign(this.canvas, { width: this.width * ratio, height: this.height * ratio })
    this.canvas.getContext("2d").setTransform(ratio, 0, 0, ratio, 0, 0)
    this.draw()
  }

  later() {
    this.frame ||= requestAnimationFrame(() => this.draw())
  }

  draw() {
    this.frame = 0
    if (!this.width) return
    const context = this.canvas.getContext("2d")
    this.dark = isDark(this.root)
    context.clearRect(0, 0, this.width, this.height)
    const rim = THUMB[1] / 2
    const near = this.points.map((point) => ({ point, at: this.place(point) }))
      .filter(({ at: [x, y] }) => x > -rim && y > -rim && x < this.width + rim && y < this.height + rim)
    this.inView = near
    this.thumb = Math.min(Math.max(0.6 * Math.sqrt((this.width * this.height) / (near.length || 1)), THUMB[0]), THUMB[1])
    const large = near.length <= SHOWN && near.length > 0
    const radius = Math.min(5, Math.max(2.2, 60 / Math.sqrt(near.length + 1)))
    for (const { point, at: [x, y] } of near) {
      if (large && this.drawPicture(context, point, x, y)) continue
      context.globalAlpha = 0.85
      context.fillStyle = this.colour(point)
      context.beginPath()
      context.arc(x, y, radius, 0, 7)
      context.fill()
    }
    context.globalAlpha = 1
    this.drawNames()
  }

  drawPicture(context, point, x, y) {
    let image = this.pictures.get(point.id)
    if (!image) {
      if (this.pictures.size > KEPT) this.pictures.delete(this.pictures.keys().next().value)
      image = new Image()
      image.onload = () => this.later()
      image.src = `${API}/photos/${point.id}/thumbnail`
      this.pictures.set(point.id, image)
    }
    if (!image.complete || !image.naturalWidth) return false
    const scale = this.thumb / Math.max(image.naturalWidth, image.naturalHeight)
    const [w, h] = [image.naturalWidth * scale, image.naturalHeight * scale]
    context.globalAlpha = 1
    context.fillStyle = this.colour(point)
    context.fillRect(x - w / 2 - 2, y - h / 2 - 2, w + 4, h + 4)
    context.drawImage(image, x - w / 2, y - h / 2, w, h)
    return true
  }

  // The largest regions' names, none over another; with each step nearer there is room for more.
  drawNames() {
    const taken = []
    const shown = []
    for (const region of this.regions) {
      const [x, y] = this.place(region)
      const half = region.label.length * 4.2 + 14
      const free = taken.every(([a, b, c]) => Math.abs(x - a) > half + c || Math.abs(y - b) > 30)
      if (!region.label || region.photos < NAMED || x < half || x > this.width - half || y < 16 || y > this.height - 16 || !free) continue
      taken.push([x, y, half])
      const name = make("button", { type: "button", textContent: region.label, tabIndex: -1,
        title: `${region.photos.toLocaleString()} photos: ${region.label}` })
      name.style.cssText = `left:${x}px;top:${y}px`
      name.onclick = () => this.goTo(region)
      shown.push(name)
    }
    this.names.replaceChildren(...shown)
  }

  goTo({ x, y }) {
    this.view = { x, y, zoom: Math.max(this.view.zoom * 1.8, 4) }
    this.bound()
  }

  whole() {
    this.view = { x: 0.5, y: 0.5, zoom: 1 }
    this.bound()
  }

  zoomAt(by, x = this.width / 2, y = this.height / 2) {
    const zoom = Math.min(Math.max(this.view.zoom * by, NEAREST), FARTHEST)
    const before = this.scale
    this.view.zoom = zoom
    const gain = 1 / before - 1 / this.scale
    this.view.x += ((x - this.width / 2) / this.stretch[0]) * gain
    this.view.y -= ((y - this.height / 2) / this.stretch[1]) * gain
    this.bound()
  }

  pan(x, y) {
    this.view.x -= x / this.scale / this.stretch[0]
    this.view.y += y / this.scale / this.stretch[1]
    this.bound()
  }

  bound() {
    for (const axis of ["x", "y"]) this.view[axis] = Math.min(Math.max(this.view[axis], 0), 1)
    this.askForView()
    this.later()
  }

  pressed(event) {
    this.canvas.setPointerCapture(event.pointerId)
    this.fingers.set(event.pointerId, [event.offsetX, event.offsetY])
    this.far = 0
  }

  moved(event) {
    const at = [event.offsetX, event.offsetY]
    const before = this.fingers.get(event.pointerId)
    if (!before) return this.hover(...at)
    const others = [...this.fingers].filter(([id]) => id !== event.pointerId)
    if (others.length) {
      const [x, y] = others[0][1]
      this.zoomAt(Math.hypot(at[0] - x, at[1] - y) / Math.max(1, Math.hypot(before[0] - x, before[1] - y)), x, y)
    } else this.pan(at[0] - before[0], at[1] - before[1])
    this.far += Math.hypot(at[0] - before[0], at[1] - before[1])
    this.fingers.set(event.pointerId, at)
    this.tip.hidden = true
  }

  released(event) {
    this.fingers.delete(event.pointerId)
    if (this.far > 6 || this.fingers.size) return
    const found = this.at(event.offsetX, event.offsetY)
    if (found) this.open(found)
  }

  at(x, y, reach = this.inView?.length <= SHOWN ? this.thumb / 2 : 14) {
    let best = null
    for (const { point, at } of this.inView ?? []) {
      const far = Math.hypot(at[0] - x, at[1] - y)
      if (far < reach) [best, reach] = [point, far]
    }
    return best
  }

  hover(x, y) {
    const found = this.at(x, y)
    this.canvas.style.cursor = found ? "pointer" : "grab"
    this.tip.hidden = !found || this.inView.length <= SHOWN
    if (this.tip.hidden) return
    const image = this.tip.querySelector("img")
    const source = `${API}/photos/${found.id}/thumbnail`
    if (image.getAttribute("src") !== source) image.src = source
    this.tip.style.cssText = `left:${Math.min(x + 14, this.width - 160)}px;top:${Math.min(y + 14, this.height - 160)}px`
  }

  async open(point) {
    this.tip.hidden = true
    try {
      await this.shelf.openById(point.id)
    } catch (error) {
      this.status.textContent = `This photo cannot be opened: ${error.message}`
    }
  }

  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return
    const step = 60
    const keys = { ArrowLeft: () => this.pan(step, 0), ArrowRight: () => this.pan(-step, 0), ArrowUp: () => this.pan(0, step),
      ArrowDown: () => this.pan(0, -step), "+": () => this.zoomAt(1.6), "=": () => this.zoomAt(1.6), "-": () => this.zoomAt(1 / 1.6),
      0: () => this.whole(), Enter: () => this.openMiddle() }
    if (!keys[event.key]) return
    event.preventDefault()
    keys[event.key]()
  }

  openMiddle() {
    const found = this.at(this.width / 2, this.height / 2, Infinity)
    if (found) this.open(found)
  }
}

const hue = (text) => [...text].reduce((sum, c) => (sum * 31 + c.codePointAt(0)) % 360, 7)

const isDark = (element) => {
  const [red, green, blue] = (getComputedStyle(element).color.match(/\d+(\.\d+)?/g) ?? [0, 0, 0]).map(Number)
  return red + green + blue > 384 // light text
}

export default function ({ parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".map")
  const map = (root.map ??= new PhotoMap(root))
  map.trigger = setTriggerValue
  return () => map.end()
}
