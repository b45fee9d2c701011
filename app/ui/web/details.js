// What is known of a photo, beside it.

async function showDetails(panel, item, leave) {
  if (panel.dataset.id === String(item.id) && panel.childElementCount) return
  panel.dataset.id = item.id
  panel.replaceChildren(make("p", { className: "quiet", textContent: "Looking …" }))
  try {
    const photo = await ask(`/photos/${item.id}`)
    if (panel.dataset.id !== String(item.id)) return
    panel.replaceChildren(...facts(photo, leave).filter(Boolean), where(photo), words(item, leave))
  } catch (error) {
    if (panel.dataset.id === String(item.id)) panel.replaceChildren(make("p", { textContent: error.message }))
  }
}

function facts(photo, leave) {
  const megapixels = (photo.width * photo.height) / 1e6
  const size = `${photo.width.toLocaleString()} × ${photo.height.toLocaleString()} · ${megapixels.toFixed(1)} megapixels`
  const rows = [
    ["Taken", photo.taken_at && moment(photo.taken_at)],
    ["Camera", photo.camera],
    ["Lens", photo.lens],
    ["Picture", size],
    ["File", `${photo.format} · ${(photo.size / 1e6).toFixed(1)} MB`],
    ["Rating", photo.rating > 0 && "★".repeat(photo.rating)],
  ].filter(([, value]) => value)
  const list = make("dl", {}, ...rows.flatMap(([name, value]) => [make("dt", { textContent: name }), make("dd", { textContent: value })]))
  const said = [photo.title, photo.caption].filter(Boolean).map((text) => make("p", { className: "said", textContent: text }))
  return [...said, list, keywords(photo.keywords ?? [], leave), place(photo, leave)]
}

const moment = (taken) =>
  new Date(taken.slice(0, 19)).toLocaleString(undefined, { dateStyle: "long", timeStyle: "short" })

function keywords(all, leave) {
  if (!all.length) return null
  const chip = (word) => make("button", { type: "button", textContent: word, title: `All photos with the keyword ${word}`,
    onclick: () => leave("ask", `keyword:"${word.replace(/[\\"“”]/g, "\\$&")}"`) })
  return make("div", { className: "chips", role: "group", "aria-label": "Keywords" }, ...all.map(chip))
}

// A drawing of degrees, not of countries: nothing is loaded, and a map opens elsewhere only when it is asked for.
function place(photo, leave) {
  const { latitude, longitude } = photo
  if (latitude === null || latitude === undefined) return null
  const east = `${Math.abs(longitude).toFixed(4)}° ${longitude < 0 ? "W" : "E"}`
  const north = `${Math.abs(latitude).toFixed(4)}° ${latitude < 0 ? "S" : "N"}`
  const at = `${latitude.toFixed(5)},${longitude.toFixed(5)}`
  const near = make("button", { type: "button", textContent: "Photos within 5 km", onclick: () => leave("ask", `near:${at},5km`) })
  const map = make("a", { textContent: "Open in OpenStreetMap", target: "_blank", rel: "noreferrer noopener",
    href: `https://www.openstreetmap.org/?mlat=${latitude}&mlon=${longitude}#map=14/${latitude}/${longitude}` })
  const globe = make("div", { className: "globe", "aria-hidden": "true" }, make("span"))
  globe.firstChild.style = `left:${(longitude + 180) / 3.6}%;top:${(90 - latitude) / 1.8}%`
  return make("section", {}, make("h3", { textContent: "Place" }), globe, make("p", { textContent: `${north}, ${east}` }),
    make("div", { className: "chips" }, near, map))
}

function where(photo) {
  const paths = [photo.path, ...photo.also_at].map((path) => {
    const copy = button("copy", "Copy the path")
    copy.onclick = async () => {
      await navigator.clipboard.writeText(path)
      copy.replaceChildren(icon("check"))
    }
    return make("div", { className: "path" }, make("code", { textContent: path }), copy)
  })
  return make("section", {}, make("h3", { textContent: photo.also_at.length ? "Where it lies (copies)" : "Where it lies" }), ...paths)
}

function words(item, leave) {
  const list = make("ul", { className: "words", role: "list" }, make("li", { className: "quiet", textContent: "Describing …" }))
  const bar = ({ text, probability }) => {
    const row = make("li", {}, make("span", { textContent: text }), make("span", { textContent: `${Math.round(probability * 100)}%` }))
    row.style.setProperty("--share", probability)
    return row
  }
  ask("/describe", { photo: item.id, k: 8 })
    .then(({ items }) => list.replaceChildren(...items.map(bar)))
    .catch((error) => list.replaceChildren(make("li", { textContent: error.message })))
  const more = make("button", { type: "button", textContent: "Describe with other words", onclick: () => leave("describe", item.id) })
  return make("section", {}, make("h3", { textContent: "What it shows" }), list, make("div", { className: "chips" }, more))
}
