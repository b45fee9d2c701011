"""The gallery: pictures in rows without end, each opened large. The browser loads all of them from the API.

Only the first page of an answer goes through Streamlit; the browser asks the API for those behind it by its cursor.
"""

from dataclasses import dataclass

import streamlit as st

from app.api.search import item_out
from app.search import Results
from app.ui.assets import web

_component = st.components.v2.component(
    "sightline_gallery",
    html="""
    <div class="gallery">
      <ul class="photos" role="list" aria-label="Photos"></ul>
      <p class="line" hidden>Matches end here; these come nearest</p>
      <div class="status" role="status"></div>
    </div>""",
    css=web("gallery.css", "lightbox.css"),
    js=web("dom.js", "rows.js", "details.js", "lightbox.js", "tray.js", "gallery.js"),
)


@dataclass(frozen=True)
class Answer:
    """The first page of an answer, and the cursor of the next; `name` tells it from every other answer."""

    name: str
    results: Results
    cursor: str | None


def gallery(answer: Answer, key: str, *, feedback: bool = False, words: str = "") -> None:
    """Shows an answer. `take_act` tells what was clicked.

    `feedback`: with buttons that call a photo right or wrong; `words`: the line whose words the photos should answer,
    so that a photo opened large can show where it does.
    """
    hits = answer.results.hits
    judged = any(hit.score is not None for hit in hits)
    data = {
        "answer": answer.name,
        "items": [item_out(hit).model_dump(mode="json") for hit in hits],
        "cursor": answer.cursor,
        "matches": answer.results.matches if judged else None,
        "feedback": feedback,
        "words": words,
    }
    _component(key=key, data=data, on_act_change=lambda: remember_act(key))


def remember_act(key: str) -> None:
    """Keeps what was clicked in the component of that key for `take_act`."""
    if act := st.session_state[key].act:
        st.session_state["act"] = (act["action"], act["value"])


def take_act() -> tuple[str, int | str | None]:
    """What was done in a gallery since the last run, such as ("similar", photo id); ("", None) for nothing."""
    act: tuple[str, int | str | None] = st.session_state.pop("act", ("", None))
    return act
