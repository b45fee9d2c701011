// Elements, icons and requests. Texts are set as textContent alone: no file name is ever taken for HTML.

const API = "/api/v1"

const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null) continue
    if (name in element) element[name] = value
    else element.setAttribute(name, value)
  }
  element.append(...children.filter((child) => child !== null && child !== undefined))
  return element
}

const ICONS = {
  search: "M10.500 4a6.500 6.500 0 1 0 0 13a6.500 6.500 0 1 0 0-13M15.500 15.500 20 20",
  close: "M6 6 18 18M18 6 6 18",
  left: "M15 5 8 12l7 7",
  right: "M9 5l7 7-7 7",
  details: "M12 11v6M12 7.2v.1M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18",
  similar: "M4 8h11v12H4zM9 8V4h11v12h-5",
  check: "M5 12.5l4.5 4.5L19 7.5",
  more: "M7 11v9H3v-9zM7 11l4-8c2 0 3 1.200 2.600 3L13 9h6.500c1 0 1.600 1 1.300 2l-2 7.500c-.3 1-1 1.500-2 1.500H7",
  less: "M17 13V4h4v9zM17 13l-4 8c-2 0-3-1.200-2.600-3L11 15H4.500c-1 0-1.600-1-1.300-2l2-7.500c.3-1 1-1.500 2-1.500H17",
  download: "M12 4v11M7 10.500l5 5 5-5M5 20h14",
  camera: "M4 8h3l2-3h6l2 3h3v11H4zM12 10a3.500 3.500 0 1 0 0 7a3.500 3.500 0 1 0 0-7",
  play: "M8 5v14l11-7z",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  why: "M12 3c1 4 5 6 5 11a5 5 0 0 1-10 0c0-2 1-3 2-4c0 2 1 3 2 3c1-3-1-6 1-10z",
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  whole: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
  place: "M12 21c-4-5-6-8-6-11a6 6 0 1 1 12 0c0 3-2 6-6 11zM12 8a2 2 0 1 0 0 4a2 2 0 1 0 0-4",
}

const icon = (name) => {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg")
  svg.setAttribute("viewBox", "0 0 24 24")
  svg.setAttribute("aria-hidden", "true")
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path")
  path.setAttribute("d", ICONS[name])
  svg.append(path)
  return svg
}

const button = (name, label, attributes = {}, ...children) =>
  make("button", { type: "button", "aria-label": label, title: label, ...attributes }, icon(name), ...children)

// The JSON that the API answers with; an error carries the one line that its problem has.
const ask = async (path, body) => {
  const options = body && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }
  return (await answer(path, options)).json()
}

// A picture that the API makes, as an address that this page alone knows.
const picture = async (path) => URL.createObjectURL(await (await answer(path)).blob())

const answer = async (path, options) => {
  const response = await fetch(API + path, options)
  if (response.ok) return response
  const problem = await response.json().catch(() => ({}))
  throw Object.assign(new Error(problem.detail || `the server answered ${response.status}`), { status: response.status })
}

const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`
