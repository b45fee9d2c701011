// One photo, large, over everything. The browser's own dialog keeps the focus inside and gives it back.

class Lightbox {
  constructor(gallery) {
    this.gallery = gallery
    this.box = make("dialog", { className: "lightbox", "aria-label": "Photo" })
    this.stage = make("div", { className: "stage" })
    this.name = make("h2", { className: "name" })
    this.count = make("span", { className: "count" })
    this.pickButton = button("check", "Select (x)", { onclick: () => this.gallery.pick(this.i) })
    this.similarButton = button("similar", "Similar photos (s)", { onclick: () => this.similar() })
    this.whyButton = button("why", "Why this matched (w)", { onclick: () => this.toggleWhy() })
    this.note = make("p", { className: "note", role: "status", hidden: true })
    this.detailsButton = button("details", "Details (i)", { onclick: () => this.toggle() })
    this.closeButton = button("close", "Close (Escape)", { onclick: () => this.box.close() })
    this.before = button("left", "Photo before (arrow left)", { className: "turn before", onclick: () => this.turn(-1) })
    this.after = button("right", "Next photo (arrow right)", { className: "turn after", onclick: () => this.turn(1) })
    this.panel = make("aside", { className: "panel", "aria-label": "Details", hidden: true })
    const heading = make("div", { className: "heading", "aria-live": "polite" }, this.name, this.count)
    this.pickButton.hidden = !gallery.tray // nothing is selected where nothing can be done with it
    const top = make("header", {}, heading, this.whyButton, this.similarButton, this.pickButton, this.detailsButton, this.closeButton)
    this.box.append(make("div", { className: "main" }, top, this.stage, this.note, this.before, this.after), this.panel)
    this.box.onkeydown = (event) => this.pressed(event)
    this.box.onclose = () => this.closed()
    this.stage.onclick = (event) => event.target === this.stage && this.box.close()
    this.swipe()
    gallery.root.append(this.box)
  }

  open(i, details = localStorage.getItem("sightline.details") === "1") {
    this.panel.hidden = !details
    if (!this.box.open) this.box.showModal()
    this.show(i)
    this.closeButton.focus()
  }

  show(i) {
    this.i = i
    this.item = this.gallery.items[i]
    this.name.textContent = this.item.name
    this.count.textContent = `${i + 1}${this.gallery.cursor ? "" : ` of ${this.gallery.items.length}`}`
    this.before.disabled = i === 0
    this.after.disabled = i === this.gallery.items.length - 1 && !this.gallery.cursor
    this.stage.replaceChildren(...this.picture(this.item))
    this.showWhy()
    this.mark()
    this.fill()
    for (const near of [i + 1, i - 1]) {
      const item = this.gallery.items[near]
      if (item) new Image().src = item.preview
    }
    if (i > this.gallery.items.length - 12) this.gallery.more()
  }

  // The thumbnail at once, the preview over it when it is there; a video plays from where it shows what was asked for.
  picture(item) {
    const small = make("img", { className: "small", src: item.thumbnail, alt: "" })
    const large = make("img", { className: "large", alt: item.name, width: item.width, height: item.height })
    large.onload = () => large.classList.add("loaded")
    large.onerror = () => {
      this.stage.append(make("p", { className: "lost", textContent: "The original cannot be read now: is its disk there?" }))
    }
    large.src = item.preview
    const frame = make("div", { className: "frame" }, small, large)
    frame.style.setProperty("--shape", shapeOf(item))
    frame.style.aspectRatio = `${item.width} / ${item.height}`
    if (item.video) {
      const video = make("video", { controls: true, muted: true, autoplay: true, playsInline: true, poster: item.preview })
      video.src = `${item.video}#t=${item.time_s ?? 0}`
      video.onerror = () => video.remove() // a format that this browser cannot play: the still stays
      frame.append(video)
    }
    return [frame]
  }

  toggleWhy() {
    this.why = !this.why
    this.showWhy()
  }

  // Which parts of the photo answer the words of the question: a heat map over it, which the server needs a moment for.
  // Of a video that is its frame at the time of the hit; it waits meanwhile.
  async showWhy() {
    const { item, gallery } = this
    this.whyButton.hidden = !gallery.words
    this.whyButton.setAttribute("aria-pressed", Boolean(this.why))
    const shown = this.stage.querySelector(".why")
    const video = this.stage.querySelector("video")
    shown?.remove()
    const asked = this.why && !this.whyButton.hidden
    this.tell(asked ? "Looking for what matched …" : "")
    if (!asked) {
      if (shown) video?.play().catch(() => {}) // a format that this browser cannot play
      return
    }
    const stillAsked = () => this.item === item && this.why && this.box.open
    const time = item.video && item.time_s !== null ? item.time_s : null
    try {
      const heat = await picture(`/photos/${item.id}/why?q=${encodeURIComponent(gallery.words)}${time === null ? "" : `&t=${time.toFixed(3)}`}`)
      if (!stillAsked()) return
      video?.pause()
      this.stage.querySelector(".frame").append(make("img", { className: "why", src: heat, alt: `Where ${item.name} answers: ${gallery.words}` }))
      this.tell(`${time === null ? "What" : `At ${clock(time)}, what`} glows answers your words most`)
    } catch (error) {
      if (stillAsked()) this.tell(error.message)
    }
  }

  tell(text) {
    this.note.textContent = text
    this.note.hidden = !text
  }

  mark() {
    if (this.item) this.pickButton.setAttribute("aria-pressed", this.gallery.picked.has(this.item.id))
  }

  fill() {
    this.detailsButton.setAttribute("aria-pressed", !this.panel.hidden)
    if (!this.panel.hidden && this.box.open) showDetails(this.panel, this.item, (...what) => this.leave(...what))
  }

  toggle() {
    this.panel.hidden = !this.panel.hidden
    localStorage.setItem("sightline.details", this.panel.hidden ? "0" : "1")
    this.fill()
  }

  turn(step) {
    const i = this.i + step
    if (i >= 0 && i < this.gallery.items.length) this.show(i)
  }

  similar() {
    this.leave("similar", this.item.id)
  }

  leave(action, value) {
    this.box.close()
    this.gallery.act(action, value)
  }

  closed() {
    this.why = false
    this.stage.replaceChildren()
    this.panel.replaceChildren()
    this.gallery.goTo(this.i)
  }

  pressed(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target.matches("input, textarea, video")) return
    const keys = { ArrowLeft: () => this.turn(-1), ArrowRight: () => this.turn(1), s: () => this.similar(),
      i: () => this.toggle(), w: () => this.whyButton.hidden || this.toggleWhy(), x: () => this.pickButton.hidden || this.gallery.pick(this.i) }
    if (!keys[event.key]) return
    keys[event.key]()
    event.preventDefault()
  }

  swipe() {
    let from = null
    this.stage.onpointerdown = (event) => (from = event.pointerType === "touch" ? event.clientX : null)
    this.stage.onpointerup = (event) => {
      if (from !== null && Math.abs(event.clientX - from) > 50) this.turn(event.clientX < from ? 1 : -1)
      from = null
    }
  }
}
