// What is selected, and what can be done with it.

class Tray {
  constructor(gallery) {
    this.gallery = gallery
    this.count = make("strong", { role: "status" })
    const act = (textContent, onclick) => make("button", { type: "button", textContent, onclick })
    this.bar = make("div", { className: "tray", role: "toolbar", "aria-label": "Selected photos", hidden: true }, this.count,
      act("List as CSV", () => this.list("csv")),
      act("List as JSON", () => this.list("json")),
      button("close", "Select none", { onclick: () => gallery.clear() }))
    gallery.root.append(this.bar)
  }

  show() {
    const count = this.gallery.picked.size
    this.bar.hidden = !count
    this.count.textContent = `${count.toLocaleString()} selected`
  }

  get items() {
    return [...this.gallery.picked.values()]
  }

  list(kind) {
    const columns = ["path", "width", "height", "size", "taken_at", "relevance"]
    const rows = this.items.map((item) => columns.map((column) => item[column] ?? null))
    const quoted = (value) => (value === null ? "" : /[",\r\n]/.test(value) ? `"${String(value).replaceAll('"', '""')}"` : value)
    const text = kind === "csv" ? [columns, ...rows].map((row) => row.map(quoted).join(",")).join("\r\n") + "\r\n"
      : JSON.stringify(rows.map((row) => Object.fromEntries(row.map((value, i) => [columns[i], value]))), null, 2) + "\n"
    save(new Blob([text], { type: kind === "csv" ? "text/csv" : "application/json" }), `photos.${kind}`)
  }
}

function save(blob, name) {
  const link = make("a", { href: URL.createObjectURL(blob), download: name })
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}
