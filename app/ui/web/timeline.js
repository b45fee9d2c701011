// When photos were taken: a bar for each year, and below it its months, each with a picture.

const MONTHS = Array.from({ length: 12 }, (_, i) => new Date(2000, i, 15).toLocaleString(undefined, { month: "long" }))
const count = (n) => `${n.toLocaleString()} ${n === 1 ? "photo" : "photos"}`

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".timeline")
  const ask = (value) => setTriggerValue("act", { action: "ask", value: `date:${value}` })
  const years = new Map()
  for (const period of data.periods) {
    const year = period.period.slice(0, 4)
    years.set(year, [...(years.get(year) ?? []), period])
  }
  const total = (months) => months.reduce((sum, month) => sum + month.photos, 0)
  const most = Math.max(...[...years.values()].map(total))

  const bar = ([year, months]) => {
    const jump = () => root.querySelector(`[data-year="${year}"]`).scrollIntoView({ behavior: "smooth", block: "start" })
    const one = make("button", { type: "button", title: `${year}: ${count(total(months))}`, onclick: jump },
      make("i"), make("span", { textContent: year }))
    one.setAttribute("aria-label", one.title)
    one.style.setProperty("--share", Math.sqrt(total(months) / most)) // a root, so that small years are seen beside large
    return one
  }

  const card = (month) => {
    const name = MONTHS[Number(month.period.slice(5)) - 1]
    const image = make("img", { src: `${API}/photos/${month.photo_id}/thumbnail`, alt: "", loading: "lazy", decoding: "async" })
    return make("li", {}, make("button", { type: "button", onclick: () => ask(month.period) }, image,
      make("strong", { textContent: name }), make("span", { textContent: count(month.photos) })))
  }

  const section = ([year, months]) => {
    const all = make("button", { type: "button", className: "all", textContent: `Show ${total(months) === 1 ? "" : "all "}${count(total(months))}`, onclick: () => ask(year) })
    return make("section", { "data-year": year, "aria-label": year },
      make("header", {}, make("h3", { textContent: year }), all), make("ul", { role: "list" }, ...months.map(card)))
  }

  const newestFirst = [...years].reverse()
  const bars = root.querySelector(".years")
  bars.replaceChildren(...[...years].map(bar))
  root.querySelector(".months").replaceChildren(...newestFirst.map(section))
  bars.scrollLeft = bars.scrollWidth // where there are more years than fit, the last ones show first, as below
}
