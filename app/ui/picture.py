"""One picture, loaded by the browser from the API."""

import streamlit as st

from app.api import photo_out
from app.counts import megabytes
from app.photos import PhotoDetails
from app.ui.spans import day

_CSS = """
img { display: block; max-width: 100%; margin: 0 auto; border-radius: var(--st-base-radius);
  background: var(--st-secondary-background-color); object-fit: contain; }
"""

_JS = """
export default function ({ data, parentElement }) {
  const image = parentElement.querySelector("img")
  Object.assign(image, { width: data.width, height: data.height, alt: data.name })
  image.style.cssText = data.limit ? `height: ${data.limit}px; width: auto` : "height: auto; max-height: 70vh"
  if (image.getAttribute("src") !== data.source) image.src = data.source
}
"""

_component = st.components.v2.component("sightline_picture", html='<img alt="">', css=_CSS, js=_JS)


def picture(photo: PhotoDetails, key: str, height: int | None = None) -> None:
    """Shows a photo as large as there is room for, or as its thumbnail of a height in pixels."""
    out = photo_out(photo)
    source = out.preview if height is None else out.thumbnail
    data = {"source": source, "name": out.name, "width": photo.width, "height": photo.height, "limit": height}
    _component(key=key, data=data, width="stretch" if height is None else "content")


def facts(photo: PhotoDetails) -> None:
    """What is known of a photo, in two lines."""
    taken = f"{day(photo.taken_at)}, {photo.taken_at:%H:%M} · " if photo.taken_at else ""
    st.caption(f"{taken}{photo.width:,} × {photo.height:,} · {photo.format} · {megabytes(photo.size)}")
    st.code("\n".join((photo.path, *photo.also_at)), language=None, wrap_lines=True)
