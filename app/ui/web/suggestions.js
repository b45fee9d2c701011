// Suggested tags, each with its photos: those that stay chosen are accepted, and none of a tag that is put away.

class Suggestions {
  constructor(root) {
    this.root = root
    this.shelf = new Shelf(root, (...what) => this.trigger(...what), () => this.last?.focus())
  }

  show({ tags, version }) {
    if (this.version === version) return
    this.version = version
    this.root.querySelector("ul").replaceChildren(...tags.map((tag) => this.card(tag)))
  }

  card({ tag, photos, some }) {
    const refused = new Set()
    const word = (n) => `${n.toLocaleString()} ${n === 1 ? "photo" : "photos"}`
    const accept = make("button", { type: "button", className: "accept" })
    const reject = make("button", { type: "button", textContent: "Put away", title: `Never suggest ${tag} for these photos again` })
    const tell = () => {
      accept.textContent = refused.size ? `Accept for ${word(photos - refused.size)}` : `Accept for all ${word(photos)}`
      accept.disabled = refused.size === photos
    }
    const status = make("p", { className: "told", role: "status" })
    const card = make("li", { "aria-label": tag }, make("header", {}, make("h3", { textContent: tag }), accept, reject),
      make("div", { className: "some" }, ...some.map((photo) => this.photo(photo, tag, refused, tell)),
        photos > some.length ? make("span", { className: "rest", textContent: `and ${(photos - some.length).toLocaleString()} more` }) : null),
      status)
    tell()
    const settle = async (act, done) => {
      accept.disabled = reject.disabled = true
      try {
        await act()
        card.replaceChildren(make("p", { className: "told", role: "status" }, icon("check"), done()))
        setTimeout(() => card.remove(), 4000)
      } catch (error) {
        status.textContent = `That failed: ${error.message}`
        accept.disabled = reject.disabled = false
      }
    }
    accept.onclick = () => settle(async () => {
      if (refused.size) await ask("/tags/reject", { tags: [tag], photos: [...refused] })
      await ask("/tags/accept", { tags: [tag] })
    }, () => `${tag}: given to ${word(photos - refused.size)}`)
    reject.onclick = () => settle(() => ask("/tags/reject", { tags: [tag] }), () => `${tag}: put away`)
    return card
  }

  photo({ id, probability }, tag, refused, tell) {
    const share = `${Math.round(probability * 100)}%`
    const one = make("button", { type: "button", title: `${share} likely. A click leaves this photo out` },
      make("img", { src: `${API}/photos/${id}/thumbnail`, alt: `Photo ${id}, ${share} likely`, loading: "lazy", decoding: "async" }),
      icon("check"))
    const mark = () => one.setAttribute("aria-pressed", !refused.has(id))
    one.onclick = () => {
      if (!refused.delete(id)) refused.add(id)
      mark()
      tell()
    }
    one.ondblclick = () => {
      this.last = one
      this.shelf.openById(id)
    }
    mark()
    return one
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".suggestions")
  const suggestions = (root.suggestions ??= new Suggestions(root))
  suggestions.trigger = setTriggerValue
  suggestions.show(data)
}
