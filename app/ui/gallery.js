const make = (tag, attributes, ...children) => {
  const element = document.createElement(tag)
  Object.assign(element, attributes)
  element.append(...children)
  return element
}

export default function ({ data, parentElement, setTriggerValue }) {
  const gallery = parentElement.querySelector(".gallery")
  gallery.clicked = (action, id) => setTriggerValue("clicked", { action, id }) // a setter lives for one run only
  const act = (action, id) => () => gallery.clicked(action, id)
  const card = (photo) => {
    const image = make("img", { src: photo.thumbnail, alt: photo.name, loading: "lazy", decoding: "async" })
    const open = make("button", { className: "open", onclick: act("open", photo.id), title: photo.title }, image)
    const caption = make("figcaption", {},
      make("span", { textContent: photo.name }),
      make("button", { textContent: "Similar", ariaLabel: "More like " + photo.name, onclick: act("similar", photo.id) }),
      make("button", { textContent: "Describe", ariaLabel: "Describe " + photo.name, onclick: act("describe", photo.id) }))
    const figure = make("figure", {}, open, caption)
    const aspect = Math.min(Math.max(photo.aspect, 0.5), 2.5)
    figure.style.flex = `${aspect} 1 ${aspect * (innerWidth > 640 ? 180 : 110)}px`
    figure.style.maxWidth = `${aspect * 320}px`
    return figure
  }
  const shown = JSON.stringify(data.photos.map((photo) => photo.thumbnail))
  if (gallery.dataset.shown === shown) return
  gallery.dataset.shown = shown
  gallery.replaceChildren(...data.photos.map(card))
}
