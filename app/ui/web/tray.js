// What is selected, and what can be done with it.

const MOST_FILES = 1_000

const escaped = (text) => text.replace(/[\\"“”]/g, "\\$&")

class Tray {
  constructor(gallery) {
    this.gallery = gallery
    this.count = make("strong", { role: "status" })
    const act = (textContent, onclick) => make("button", { type: "button", textContent, onclick })
    this.acts = make("div", { className: "acts" },
      act("Download", () => this.download()),
      act("Add to album", () => this.write("album")),
      act("Name this", () => this.write("name")),
      act("List as CSV", () => this.list("csv")),
      act("List as JSON", () => this.list("json")))
    this.words = make("form", { className: "acts", hidden: true })
    this.told = make("span", { className: "told", role: "status" })
    this.bar = make("div", { className: "tray", role: "toolbar", "aria-label": "Selected photos", hidden: true }, this.count,
      this.acts, this.words, this.told, button("close", "Select none", { onclick: () => gallery.clear() }))
    this.bar.onkeydown = (event) => {
      if (event.key !== "Escape" || this.words.hidden) return
      event.stopPropagation()
      this.back()
    }
    gallery.root.append(this.bar)
  }

  show() {
    const count = this.gallery.picked.size
    this.bar.hidden = !count
    this.count.textContent = `${count.toLocaleString()} selected`
    this.tell()
    if (!count) this.back()
  }

  back() {
    this.acts.hidden = false
    this.words.hidden = true
  }

  tell(...what) {
    this.told.replaceChildren(...what)
  }

  // The files themselves, in one ZIP that the server makes while it sends it.
  download() {
    if (this.items.length > MOST_FILES) return this.tell(`At most ${MOST_FILES.toLocaleString()} at a time`)
    const ids = this.items.map((item) => item.id).join(",")
    make("a", { href: `${API}/zip?ids=${ids}`, download: "photos.zip" }).click()
  }

  // A line to write an album's name in, or what the photos show.
  async write(what) {
    const label = what === "album" ? "Name of the album" : "Who or what is it? Such as Rex"
    const input = make("input", { type: "text", placeholder: label, "aria-label": label, required: true, maxLength: 100, autocomplete: "off" })
    const known = make("datalist", { id: "known" })
    input.setAttribute("list", "known")
    this.words.replaceChildren(input, known, make("button", { type: "submit", textContent: "Save" }),
      make("button", { type: "button", textContent: "Cancel", onclick: () => this.back() }))
    this.words.onsubmit = (event) => {
      event.preventDefault()
      this.save(what, input.value.trim())
    }
    this.acts.hidden = true
    this.words.hidden = false
    this.tell()
    input.focus()
    const all = await ask(what === "album" ? "/albums" : "/names").catch(() => [])
    known.replaceChildren(...all.filter((one) => !one.query).map((one) => make("option", { value: one.name })))
  }

  async save(what, name) {
    const photos = this.items.map((item) => item.id)
    try {
      if (what === "album") await this.intoAlbum(name, photos)
      else await ask("/names", { name, photos })
      this.back()
      const show = make("button", { type: "button", textContent: "Show",
        onclick: () => this.gallery.act("ask", what === "album" ? `album:"${escaped(name)}"` : name) })
      this.tell(what === "album" ? `Added to ${name} ` : `“${name}” is known now: ask for it in words `, show)
    } catch (error) {
      this.tell(error.message)
    }
  }

  async intoAlbum(name, photos) {
    const same = (await ask("/albums")).find((album) => album.name.toLowerCase() === name.toLowerCase())
    if (same?.query) throw new Error(`${same.name} holds what a search finds: choose another name`)
    if (same) await ask(`/albums/${same.id}/photos`, { add: photos })
    else await ask("/albums", { name, photos })
  }

  get items() {
    return [...this.gallery.picked.values()]
  }

  list(kind) {
    const columns = ["path", "width", "height", "size", "taken_at", "relevance"]
    const rows = this.items.map((item) => columns.map((column) => item[column] ?? null))
    const quoted = (value) => (value === null ? "" : /[",\r\n]/.test(value) ? `"${String(value).replaceAll('"', '""')}"` : value)
    const text = kind === "csv" ? [columns, ...rows].map((row) => row.map(quoted).join(",")).join("\r\n") + "\r\n"
      : JSON.stringify(rows.map((row) => Object.fromEntries(row.map((value, i) => [columns[i], value]))), null, 2) + "\n"
    save(new Blob([text], { type: kind === "csv" ? "text/csv" : "application/json" }), `photos.${kind}`)
  }
}

function save(blob, name) {
  const link = make("a", { href: URL.createObjectURL(blob), download: name })
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}
