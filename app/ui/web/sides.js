// Two encoders' answers to the same questions, one above the other, each photo opened large.

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".sides")
  const shelf = (root.shelf ??= new Shelf(root, (...what) => shelf.trigger(...what), () => root.last?.focus()))
  shelf.trigger = setTriggerValue

  const photo = (items, i, others) => {
    const item = items[i]
    const both = others.some((other) => other.id === item.id)
    const open = make("button", { type: "button", title: both ? `${item.name}: both find it` : item.name, onclick: () => {
      root.last = open
      shelf.openThese(items, i)
    } }, make("img", { src: item.thumbnail, alt: item.name, loading: "lazy", decoding: "async" }))
    return make("li", { className: both ? "both" : "" }, open)
  }

  const side = ({ name, items }, other) => make("div", { className: "side" }, make("h4", { textContent: name[0] }),
    make("ol", { role: "list" }, ...items.map((_, i) => photo(items, i, other.items))))

  const question = ({ text, common, sides: [now, other] }) => make("section", { "aria-label": text },
    make("header", {}, make("h3", { textContent: text }), make("span", { textContent: common })),
    side(now, other), side(other, now))

  root.querySelector(".all").replaceChildren(...data.questions.map(question))
}
