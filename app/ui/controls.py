"""Controls that write the query language into the search box, and say in which order answers are wanted."""

import os
import re
from dataclasses import replace
from datetime import date
from typing import get_args

import streamlit as st
from sqlalchemy import select

from app.albums import list_albums
from app.errors import QueryError
from app.filters import Filter
from app.ranking import Sort
from app.services import Services
from app.ui.asking import ask, asked
from app.ui.plain import plain
from app.ui.question import UNCHANGED, Question, with_query
from indexer.catalog import ContentKind, PhotoMetadata
from indexer.colours import NAMES as COLOURS
from indexer.folders import list_folders

_ORDERS: dict[Sort, str] = {"relevance": "Best first", "date": "Newest first"}
_KINDS = {kind.value: name for kind, name in zip(ContentKind, ("Photos", "Raw", "Videos"), strict=True)}
_SHAPES = {"landscape": "Landscape", "portrait": "Portrait", "square": "Square"}
_COLOURS = {name: name.capitalize() for name in COLOURS}
_FEW = 200  # folders or cameras to choose from; others can be typed
_LOOK_AGAIN = 60  # seconds, for folders that were made since
_FILTERED = ("date", "kind", "orientation", "colour", "folder", "album", "camera", "rating")


def controls(services: Services) -> None:
    """A button that opens all of them; it tells how many are set."""
    question = asked()
    try:
        query = question.written()
    except QueryError:
        query = None
    values = {f.name: f.value for f in query.filters if not f.negated} if query else {}
    count = sum(name in values for name in _FILTERED) + (replace(question.ranking, like=(), dislike=()) != UNCHANGED)
    with st.popover(f"Filters · {count}" if count else "Filters", icon=":material/tune:"):
        _filters(services, values)
        _order(question)


def _filters(services: Services, values: dict[str, str]) -> None:
    _shown("date", _days(values.get("date", "")))
    st.date_input("Taken", key="filter-date", format="YYYY-MM-DD", on_change=_write_date, max_value=date.today())
    _several("Kind", "kind", _KINDS, values)
    _several("Shape", "orientation", _SHAPES, values)
    _several("Colour", "colour", _COLOURS, values)
    revision = services.library.catalog.revision()
    _choice("Folder", "folder", _folders(revision, services), values)
    if albums := [album.name for album in list_albums(services.library)]:
        _choice("Album", "album", albums, values)
    _choice("Camera", "camera", _cameras(revision, services), values)
    stars = values.get("rating", "").removeprefix(">=")
    _shown("rating", stars if stars in set("12345") else None)
    st.pills(
        "Rating at least",
        list("12345"),
        format_func=lambda n: f"{n} ★",
        key="filter-rating",
        on_change=_write,
        args=("rating",),
    )


def _order(question: Question) -> None:
    ranking = question.ranking
    st.session_state["order-sort"] = ranking.sort
    st.segmented_control(
        "Order",
        get_args(Sort),
        key="order-sort",
        format_func=_ORDERS.__getitem__,
        required=True,
        on_change=_write_order,
    )
    st.session_state["order-min"] = ranking.min_relevance
    st.slider("Relevance at least", 0.0, 1.0, step=0.05, key="order-min", on_change=_write_order)
    st.session_state["order-diverse"] = ranking.diverse
    st.toggle("Different ones first", key="order-diverse", on_change=_write_order)
    st.session_state["order-fold"] = ranking.fold
    st.toggle(
        "Copies and bursts as one",
        key="order-fold",
        help="The same picture resized or edited, and shots of one moment. Photos are compared as they are indexed.",
        on_change=_write_order,
    )


def _several(label: str, name: str, options: dict[str, str], values: dict[str, str]) -> None:
    _shown(name, [value for value in values.get(name, "").split("|") if value in options])
    st.pills(
        label,
        list(options),
        format_func=options.__getitem__,
        selection_mode="multi",
        key=f"filter-{name}",
        on_change=_write,
        args=(name,),
    )


def _choice(label: str, name: str, known: list[str], values: dict[str, str]) -> None:
    value = values.get(name)
    _shown(name, value)
    options = known if value is None or value in known else [value, *known]
    st.selectbox(
        label,
        options,
        index=None,
        accept_new_options=True,
        placeholder="Any",
        key=f"filter-{name}",
        on_change=_write,
        args=(name,),
    )


def _shown(name: str, value: object) -> None:
    """What a control shows is what the search box says."""
    st.session_state[f"filter-{name}"] = value


def _write(name: str) -> None:
    value = st.session_state[f"filter-{name}"]
    if isinstance(value, list):
        value = "|".join(value)
    write_filter(name, f">={value}" if name == "rating" and value else value or "")


def _write_date() -> None:
    days = st.session_state["filter-date"]
    if len(days) == 1:
        return  # the second day is still to be chosen
    write_filter("date", "..".join(day.isoformat() for day in days))


def write_filter(name: str, value: str) -> None:
    """Asks the same with a filter's value changed; an empty one leaves the filter out."""
    question = asked()
    try:
        query = question.written()
        kept = [f for f in query.filters if f.name != name or f.negated] if query else []
        ask(with_query(question, {"filters": (*kept, Filter(name, value)) if value else tuple(kept)}))
    except QueryError as error:
        st.toast(plain(str(error)), icon=":material/error:")


def _write_order() -> None:
    question, state = asked(), st.session_state
    ranking = replace(
        question.ranking,
        sort=state["order-sort"],
        min_relevance=state["order-min"],
        diverse=state["order-diverse"],
        fold=state["order-fold"],
    )
    ask(replace(question, ranking=ranking))


def _days(value: str) -> tuple[date, ...]:
    """The days between which a filter's date lies, where it names days."""
    first, _, last = value.partition("..")
    days = [day for day in (first, last or first) if re.fullmatch(r"\d{4}-\d\d-\d\d", day)]
    try:
        return tuple(date.fromisoformat(day) for day in days) if len(days) == 2 else ()
    except ValueError:
        return ()


@st.cache_data(ttl=_LOOK_AGAIN, max_entries=4, show_spinner=False)
def _folders(revision: int, _services: Services) -> list[str]:
    """The folders in those that are indexed, by name. A page is drawn anew with every click: it must not walk disks."""
    with _services.library.catalog.reading() as session:
        roots = [folder.path for folder in list_folders(session)]
    names = {os.path.basename(root) for root in roots}
    for root in roots:
        try:
            with os.scandir(root) as entries:
                names |= {e.name for e in entries if e.is_dir() and not e.name.startswith(".")}
        except OSError:
            pass  # its disk is away
    return sorted(names, key=str.casefold)[:_FEW]


@st.cache_data(ttl=_LOOK_AGAIN, max_entries=4, show_spinner=False)
def _cameras(revision: int, _services: Services) -> list[str]:
    query = select(PhotoMetadata.camera).where(PhotoMetadata.camera.is_not(None)).distinct()
    with _services.library.catalog.reading() as session:
        return sorted(camera for camera in session.scalars(query.limit(_FEW)) if camera)
