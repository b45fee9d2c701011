// Where pictures stand: rows of equal height as wide as the page, each picture in its own shape.

const SHAPES = [0.45, 3.2] // width over height; others are cropped

const shapeOf = (item) => Math.min(Math.max(item.width / item.height || 1, SHAPES[0]), SHAPES[1])

// -> places (one for each shape), rows of them, the whole height, and where the line behind the matches stands.
function justify(shapes, { width, target, gap, matches, line }) {
  const places = []
  const rows = []
  let top = 0
  let lineTop = null
  const close = (first, last, height) => {
    let left = 0
    for (let i = first; i < last; i++) {
      places.push({ left, top, width: shapes[i] * height, height })
      left += shapes[i] * height + gap
    }
    rows.push({ first, last, top, height })
    top += height + gap
  }
  const section = (begin, end) => {
    let first = begin
    let sum = 0
    for (let i = begin; i < end; i++) {
      const before = i > first ? (width - gap * (i - first - 1)) / sum : Infinity
      const after = (width - gap * (i - first)) / (sum + shapes[i])
      if (after > target) sum += shapes[i]
      else if (before / target < target / after) {
        close(first, i, before)
        first = i--
        sum = 0
      } else {
        close(first, i + 1, after)
        first = i + 1
        sum = 0
      }
    }
    if (first < end) close(first, end, Math.min(target, (width - gap * (end - first - 1)) / sum))
  }
  if (matches && matches < shapes.length) {
    section(0, matches)
    lineTop = top
    top += line
    section(matches, shapes.length)
  } else section(0, shapes.length)
  return { places, rows, height: Math.max(top - gap, 0), lineTop }
}
