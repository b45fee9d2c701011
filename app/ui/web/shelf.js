// Photos that are opened large from elsewhere than the gallery: what the lightbox asks of whoever holds its photos.

class Shelf {
  constructor(root, trigger, back = () => {}) {
    Object.assign(this, { root, trigger, back, items: [], cursor: null, picked: new Map() })
    this.lightbox = new Lightbox(this)
  }

  // A photo, and behind it those most like it.
  async openById(id) {
    const [photo, { items }] = await Promise.all([ask(`/photos/${id}`), ask(`/photos/${id}/similar?k=60`)])
    this.items = [photo, ...items.filter((item) => item.id !== id)]
    this.lightbox.open(0)
  }

  openThese(items, i) {
    this.items = items
    this.lightbox.open(i)
  }

  more() {}

  goTo() {
    this.back()
  }

  act(action, value = null) {
    this.trigger("act", { action, value })
  }
}
