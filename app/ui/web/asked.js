// What is asked with beside words: pictures to be alike, and photos that were called right or wrong, each to be taken back.

const ASKED = { photo: "Like", picture: "Like your picture", like: "More like", dislike: "Fewer like" }

export default function ({ data, parentElement, setTriggerValue }) {
  const chip = ({ kind, id, name, source }) => {
    const image = make("img", { src: source, alt: name })
    const take = button("close", `Take back: ${ASKED[kind]} ${name}`, { onclick: () => setTriggerValue("dropped", { kind, id }) })
    return make("li", { className: kind, title: name }, image, make("span", { textContent: ASKED[kind] }), take)
  }
  parentElement.querySelector("ul").replaceChildren(...data.parts.map(chip))
}
