// The gallery: pictures in rows, without end. Only those near the window are in the page.

const PAGE = 100 // photos asked for at a time
const GAP = 8
const LINE = 56 // pixels for "matches end here"

class Gallery {
  constructor(root) {
    this.root = root
    this.list = root.querySelector("ul")
    this.status = root.querySelector(".status")
    this.line = root.querySelector(".line")
    this.shown = new Map()
    this.picked = new Map()
    this.current = 0
    this.tray = new Tray(this)
    this.lightbox = new Lightbox(this)
    this.list.onclick = (event) => this.clicked(event)
    this.list.onkeydown = (event) => this.pressed(event)
    this.list.addEventListener("focusin", (event) => this.focused(event))
    this.later = () => (this.frame ||= requestAnimationFrame(() => this.draw()))
    document.addEventListener("scroll", this.later, { capture: true, passive: true })
    addEventListener("resize", this.later)
    this.observer = new ResizeObserver(() => this.lay())
    this.observer.observe(this.root)
  }

  end() {
    document.removeEventListener("scroll", this.later, { capture: true })
    removeEventListener("resize", this.later)
    this.observer.disconnect()
    cancelAnimationFrame(this.frame)
  }

  // What Python gives: the first page of an answer, and the cursor of the next.
  show(data) {
    this.feedback = data.feedback
    this.words = data.words
    if (this.answer === data.answer) return
    Object.assign(this, { answer: data.answer, items: data.items, cursor: data.cursor, matches: data.matches })
    this.current = 0
    this.failed = this.loading = false
    this.shown.clear()
    this.list.replaceChildren()
    this.status.replaceChildren()
    this.width = 0
    this.lay()
  }

  lay() {
    const width = this.root.clientWidth
    if (!width || !this.items || (width === this.width && this.laid === this.items.length)) return
    Object.assign(this, { width, laid: this.items.length })
    const target = width > 1000 ? 216 : width > 640 ? 176 : 118
    const shape = { width, target, gap: GAP, matches: this.matches, line: LINE }
    this.layout = justify(this.items.map(shapeOf), shape)
    this.list.style.height = `${this.layout.height}px`
    this.line.hidden = this.layout.lineTop === null
    if (!this.line.hidden) this.line.style.top = `${this.layout.lineTop}px`
    for (const [i, card] of this.shown) this.place(card, i)
    this.draw()
  }

  draw() {
    this.frame = 0
    if (!this.layout) return
    const top = this.list.getBoundingClientRect().top
    const rows = this.layout.rows.filter((row) => row.top + row.height + top > -innerHeight && row.top + top < 2 * innerHeight)
    const first = rows.length ? rows[0].first : 0
    const last = rows.length ? rows.at(-1).last : 0
    for (const [i, card] of this.shown) {
      if ((i < first || i >= last) && !card.contains(this.root.getRootNode().activeElement)) {
        card.remove()
        this.shown.delete(i)
      }
    }
    for (let i = first; i < last; i++) this.card(i)
    if (this.cursor && !this.failed && top + this.layout.height < 3 * innerHeight) this.more()
  }

  card(i) {
    if (this.shown.has(i)) return this.shown.get(i)
    const card = makeCard(this.items[i], i, this)
    this.place(card, i)
    const behind = [...this.list.children].find((other) => Number(other.dataset.i) > i)
    this.list.insertBefore(card, behind ?? null)
    this.shown.set(i, card)
    return card
  }

  place(card, i) {
    const { left, top, width, height } = this.layout.places[i]
    card.style = `left:${left}px;top:${top}px;width:${width}px;height:${height}px`
  }

  async more() {
    if (this.loading || !this.cursor) return
    const answer = this.answer
    this.loading = true
    this.status.textContent = "Loading more photos …"
    try {
      const page = await ask("/search", { cursor: this.cursor, k: PAGE })
      if (answer !== this.answer) return
      this.items.push(...page.items)
      this.cursor = page.next_cursor
      this.loading = false
      this.status.textContent = this.cursor ? "" : `All ${this.items.length.toLocaleString()} photos are shown`
      this.lay()
    } catch (error) {
      if (answer === this.answer) this.tellFailure(error)
    }
  }

  tellFailure(error) {
    this.loading = false
    this.failed = true
    const stale = error.status === 422
    const again = make("button", { type: "button", textContent: stale ? "Search again" : "Try again" })
    again.onclick = () => {
      this.failed = false
      this.status.replaceChildren()
      if (stale) this.act("again")
      else this.more()
    }
    this.status.replaceChildren(`No more photos could be loaded: ${stale ? "this answer is too old" : error.message}. `, again)
  }

  act(action, value = null) {
    this.trigger("act", { action, value })
  }

  pick(i, picked = !this.picked.has(this.items[i].id)) {
    const item = this.items[i]
    if (picked) this.picked.set(item.id, item)
    else this.picked.delete(item.id)
    this.markPicked()
  }

  markPicked() {
    for (const [i, card] of this.shown) markCard(card, this.picked.has(this.items[i].id))
    this.root.classList.toggle("picking", this.picked.size > 0)
    this.tray.show()
    this.lightbox.mark()
  }

  clicked(event) {
    const pressed = event.target.closest("[data-act]")
    const i = Number(event.target.closest("li")?.dataset.i)
    if (!pressed || Number.isNaN(i)) return
    const action = pressed.dataset.act
    if (action === "pick" || (action === "open" && (event.shiftKey || event.ctrlKey || event.metaKey))) {
      if (event.shiftKey) for (let j = Math.min(i, this.current); j <= Math.max(i, this.current); j++) this.pick(j, true)
      else this.pick(i)
      this.current = i
    } else if (action === "open") this.lightbox.open(i)
    else this.act(action, this.items[i].id)
  }

  focused(event) {
    const i = Number(event.target.closest("li")?.dataset.i)
    if (Number.isNaN(i)) return
    this.shown.get(this.current)?.querySelectorAll("button").forEach((one) => (one.tabIndex = -1))
    this.current = i
    this.shown.get(i).querySelectorAll("button").forEach((one) => (one.tabIndex = 0))
  }

  pressed(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return
    const item = this.items[this.current]
    const goes = { ArrowLeft: () => this.current - 1, ArrowRight: () => this.current + 1, Home: () => 0,
      End: () => this.items.length - 1, ArrowUp: () => this.beside(-1), ArrowDown: () => this.beside(1) }[event.key]
    if (goes) this.goTo(goes())
    else if (event.key === "s") this.act("similar", item.id)
    else if (event.key === "i") this.lightbox.open(this.current, true)
    else if (event.key === "x") this.pick(this.current)
    else if (event.key === "Escape" && this.picked.size) this.clear()
    else return
    event.preventDefault()
  }

  clear() {
    this.picked.clear()
    this.markPicked()
  }

  // The photo that stands under or over the current one.
  beside(step) {
    const { rows, places } = this.layout
    const row = rows[rows.findIndex((one) => this.current < one.last) + step]
    if (!row) return this.current
    const middle = places[this.current].left + places[this.current].width / 2
    const off = (i) => Math.abs(places[i].left + places[i].width / 2 - middle)
    return Array.from({ length: row.last - row.first }, (_, i) => row.first + i).sort((a, b) => off(a) - off(b))[0]
  }

  goTo(i) {
    i = Math.min(Math.max(i, 0), this.items.length - 1)
    const card = this.card(i)
    card.querySelector(".open").focus({ preventScroll: true })
    card.scrollIntoView({ block: "nearest" })
  }
}

function makeCard(item, i, gallery) {
  const image = make("img", { alt: item.name, decoding: "async", draggable: false })
  image.onload = () => image.classList.add("loaded")
  image.onerror = () => image.classList.add("lost")
  image.src = item.thumbnail
  const tabIndex = i === gallery.current ? 0 : -1
  const small = (name, label, act) => button(name, `${label} ${item.name}`, { "data-act": act, tabIndex, title: label })
  const title = item.score === null ? item.path : `${item.path}\nrelevance ${item.relevance.toFixed(2)}`
  const caption = make("div", { className: "caption" }, make("span", { textContent: item.name }),
    ...(gallery.feedback ? [small("more", "More like", "like"), small("less", "Fewer like", "dislike")] : []),
    small("similar", "Similar to", "similar"))
  const time = item.time_s === null || item.time_s === undefined ? null
    : make("span", { className: "time" }, icon("play"), clock(item.time_s))
  const alike = !item.alike ? null : make("span", { className: "alike", textContent: `+${item.alike}`,
    title: `${item.alike} more show the same` })
  const open = make("button", { type: "button", className: "open", "data-act": "open", title, tabIndex }, image)
  const card = make("li", { "data-i": i }, open, small("check", "Select", "pick"), time, alike, caption)
  markCard(card, gallery.picked.has(item.id))
  return card
}

function markCard(card, picked) {
  card.classList.toggle("picked", picked)
  card.querySelector("[data-act=pick]").setAttribute("aria-pressed", picked)
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".gallery")
  const gallery = (root.gallery ??= new Gallery(root))
  gallery.trigger = setTriggerValue // one holds for one run only
  gallery.show(data)
  return () => gallery.end()
}
