"""The gallery: thumbnails in rows, loaded by the browser from the API as they scroll into view."""

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from app.api import photo_out
from app.photos import PhotoDetails

_HERE = Path(__file__).parent
_component = st.components.v2.component(
    "sightline_gallery",
    html='<div class="gallery"></div>',
    css=(_HERE / "gallery.css").read_text(),
    js=(_HERE / "gallery.js").read_text(),
)


def gallery(photos: Sequence[PhotoDetails], relevances: Sequence[float | None] | None, key: str) -> None:
    """Shows photos. What is clicked on one is there for `take_click` in the next run."""

    def remember() -> None:
        if clicked := st.session_state[key].clicked:
            st.session_state["clicked"] = (clicked["action"], clicked["id"])

    cards = []
    for i, photo in enumerate(photos):
        out = photo_out(photo)
        relevance = None if relevances is None else relevances[i]
        title = photo.path if relevance is None else f"{photo.path}\nrelevance {relevance:.2f}"
        aspect = photo.width / max(photo.height, 1)
        cards.append({"id": out.id, "name": out.name, "title": title, "thumbnail": out.thumbnail, "aspect": aspect})
    _component(key=key, data={"photos": cards}, on_clicked_change=remember)


def take_click() -> tuple[str, int] | None:
    """What was clicked since the last run: ("open" | "similar" | "describe", photo id)."""
    clicked: tuple[str, int] | None = st.session_state.pop("clicked", None)
    return clicked
