"""Asking on the search page: what is asked lies in the page's address, a picture that was given in the session."""

import base64
from collections.abc import Mapping
from dataclasses import replace

import streamlit as st

from app.api import photo_out
from app.photos import get_photo
from app.query import Query
from app.services import Services
from app.ui.assets import web
from app.ui.plain import plain
from app.ui.question import Question, photos_asked_with, without_photo

_picture_box = st.components.v2.component(
    "sightline_picture_box",
    html="""
    <div class="picture">
      <button type="button" title="Choose a picture; or drop one anywhere on this page, or paste one">
        <span>Search with a picture</span>
      </button>
      <input type="file" accept="image/*,.heic,.heif,.avif,.jp2,.dng,.cr2,.cr3,.nef,.arw" tabindex="-1" hidden>
      <div class="veil" hidden>Drop the picture to find photos like it</div>
    </div>""",
    css=web("ask.css"),
    js=web("dom.js", "ask.js"),
)
_asked_with = st.components.v2.component(
    "sightline_asked",
    html="""
    <ul role="list" aria-label="Asked with">
    </ul>""",
    css=web("asked.css"),
    js=web("dom.js", "asked.js"),
)


def asked() -> Question:
    """What the page's address and the picture given last ask."""
    return replace(Question.of_address(st.query_params), picture=st.session_state.get("picture"))


def ask(question: Question) -> None:
    """Asks something. In a callback, or before the search box is drawn."""
    st.query_params.from_dict(question.address())
    st.session_state["q"] = question.text
    st.session_state["picture"] = question.picture


def search_box() -> None:
    """The line to ask in."""

    def changed() -> None:
        ask(replace(asked(), text=st.session_state["q"]))

    st.session_state.setdefault("q", asked().text)
    st.text_input(
        "Describe a photo",
        key="q",
        type="search",
        placeholder="Describe a photo: a dog on the beach, birthday cake, snow on a roof …",
        label_visibility="collapsed",
        on_change=changed,
    )


def picture_box() -> None:
    """A button that takes a picture as the query; so does dropping or pasting one anywhere on the page."""

    def given() -> None:
        if data := st.session_state["picture-box"].picture:
            ask(replace(asked(), picture=base64.b64decode(data)))

    def refused() -> None:
        if problem := st.session_state["picture-box"].problem:
            st.toast(plain(problem), icon=":material/error:")

    _picture_box(key="picture-box", on_picture_change=given, on_problem_change=refused, width="content")


def asked_with(services: Services, question: Question, query: Query) -> None:
    """Shows the pictures in a question, and what was called right and wrong; a click takes one back."""

    def take_back() -> None:
        if dropped := st.session_state["asked-with"].dropped:
            ask(_without(question, dropped))

    ids = {"photo": photos_asked_with(query), "like": question.ranking.like, "dislike": question.ranking.dislike}
    parts = [_part(services, kind, photo_id) for kind, photo_ids in ids.items() for photo_id in photo_ids]
    if question.picture is not None:
        source = f"data:;base64,{base64.b64encode(question.picture).decode()}"
        parts.append({"kind": "picture", "id": 0, "name": "The picture you gave", "source": source})
    if parts:
        _asked_with(key="asked-with", data={"parts": parts}, on_dropped_change=take_back)


def _part(services: Services, kind: str, photo_id: int) -> dict[str, object]:
    photo = photo_out(get_photo(services.library, photo_id))
    return {"kind": kind, "id": photo_id, "name": photo.name, "source": photo.thumbnail}


def _without(question: Question, part: Mapping[str, object]) -> Question:
    match part:
        case {"kind": "picture"}:
            return replace(question, picture=None)
        case {"kind": "like" | "dislike" as said, "id": int(photo_id)}:
            return question.said(photo_id, said == "like")
        case {"kind": "photo", "id": int(photo_id)}:
            return without_photo(question, photo_id)
    return question
