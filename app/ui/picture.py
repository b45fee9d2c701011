"""One picture, large, loaded by the browser from the API."""

import streamlit as st

from app.api import photo_out
from app.photos import PhotoDetails

_CSS = """
img { display: block; max-width: 100%; max-height: 70vh; margin: 0 auto; border-radius: var(--st-base-radius);
  background: var(--st-secondary-background-color); object-fit: contain; }
"""

_JS = """
export default function ({ data, parentElement }) {
  const image = parentElement.querySelector("img")
  image.width = data.width
  image.height = data.height
  image.style.height = "auto"
  image.alt = data.name
  if (image.getAttribute("src") !== data.preview) image.src = data.preview
}
"""

_component = st.components.v2.component("sightline_picture", html='<img alt="">', css=_CSS, js=_JS)


def picture(photo: PhotoDetails, key: str) -> None:
    """Shows a photo as large as there is room for."""
    out = photo_out(photo)
    data = {"preview": out.preview, "name": out.name, "width": photo.width, "height": photo.height}
    _component(key=key, data=data)


def facts(photo: PhotoDetails) -> None:
    """What is known of a photo, in two lines."""
    taken = f"{photo.taken_at:%d %B %Y, %H:%M} · " if photo.taken_at else ""
    megabytes = photo.size / 1e6
    st.caption(f"{taken}{photo.width:,} × {photo.height:,} · {photo.format} · {megabytes:.1f} MB")
    st.code("\n".join((photo.path, *photo.also_at)), language=None, wrap_lines=True)
