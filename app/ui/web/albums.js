// Albums as cards: each opens as a search, and is forgotten on request.

export default function ({ data, parentElement, setTriggerValue }) {
  const act = (action, value) => setTriggerValue("act", { action, value })
  const card = ({ id, name, note, cover, asks, live }) => {
    const image = cover ? make("img", { src: `${API}/photos/${cover}/thumbnail`, alt: "", loading: "lazy", decoding: "async" })
      : make("i", { className: "empty" }, live ? icon("search") : null)
    const forget = button("close", `Forget ${name}`, { className: "forget", onclick: () => act("forget", id) })
    return make("li", {}, make("button", { type: "button", onclick: () => act("ask", asks) }, image,
      make("strong", { textContent: name }), make("span", { textContent: note })), forget)
  }
  parentElement.querySelector("ul").replaceChildren(...data.cards.map(card))
}
