// Photos that show the same, in groups: the best first, each opened large.

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".groups")
  const shelf = (root.shelf ??= new Shelf(root, (...what) => shelf.trigger(...what), () => root.last?.focus()))
  shelf.trigger = setTriggerValue

  const photo = (items, i, best) => {
    const item = items[i]
    const size = `${item.width.toLocaleString()} × ${item.height.toLocaleString()} · ${(item.size / 1e6).toFixed(1)} MB · ${item.format}`
    const open = make("button", { type: "button", title: item.path, onclick: () => {
      root.last = open
      shelf.openThese(items, i)
    } }, make("img", { src: item.thumbnail, alt: item.name, loading: "lazy", decoding: "async" }))
    return make("li", { className: best ? "best" : "" }, open, make("strong", { textContent: item.name }),
      make("span", { textContent: size }), make("span", { className: "where", textContent: item.path.split(/[\\/]/).at(-2) ?? "" }), best ? make("em", { textContent: "Proposed to keep" }) : null)
  }

  const group = ({ kind, items }) => make("section", { "aria-label": kind }, make("h3", { textContent: kind }),
    make("ul", { role: "list" }, ...items.map((_, i) => photo(items, i, i === 0))))

  root.querySelector(".all").replaceChildren(...data.groups.map(group))
}
