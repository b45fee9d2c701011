"""Explore: the library seen whole, as a map of what looks alike, by time, by tag, and in albums."""

import streamlit as st

from app.errors import AppError
from app.services import Services, current
from app.timeline import timeline
from app.ui.acts import follow_act
from app.ui.albums import albums_page
from app.ui.explore import photo_map, time_line
from app.ui.plain import plain
from app.ui.tagging import tags_page
from indexer.errors import IndexerError

_VIEWS = {"map": "Map", "time": "Time line", "tags": "Tags", "albums": "Albums"}


def view() -> str | None:
    """Which of the views is shown; the page's address holds it."""

    def chosen() -> None:
        st.query_params["by"] = st.session_state["explore-by"]

    asked = st.query_params.get("by", "map")
    st.session_state["explore-by"] = asked if asked in _VIEWS else "map"
    return st.segmented_control(
        "Look at your photos",
        list(_VIEWS),
        key="explore-by",
        format_func=_VIEWS.__getitem__,
        required=True,
        on_change=chosen,
        label_visibility="collapsed",
    )


def map_page(services: Services) -> None:
    st.caption(
        "Photos that show alike things lie near each other. Zoom in; a click opens a photo, a name takes you nearer."
    )
    photo_map("map")


def time_page(services: Services) -> None:
    periods = timeline(services.library)
    if not periods:
        st.info("No photo says when it was taken.", icon=":material/calendar_month:")
        return
    st.caption("When your photos were taken. A month or a year opens as a search, to narrow down further.")
    time_line(periods, "timeline")


services = current()
follow_act()
try:
    {"time": time_page, "tags": tags_page, "albums": albums_page}.get(view() or "", map_page)(services)
except (AppError, IndexerError) as error:
    st.error(plain(str(error)), icon=":material/error:")
