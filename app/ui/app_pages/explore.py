"""Explore: the library seen whole, as a map of what looks alike, by time, by tag, and in albums."""

import streamlit as st

from app.services import Services, current
from app.timeline import timeline
from app.ui.acts import follow_act
from app.ui.albums import albums_page
from app.ui.explore import photo_map, time_line
from app.ui.faults import faults_told
from app.ui.tagging import tags_page
from app.ui.views import chosen_view

_VIEWS = {"map": "Map", "time": "Time line", "tags": "Tags", "albums": "Albums"}


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
with faults_told():
    shown = chosen_view("Look at your photos", _VIEWS, "by")
    {"time": time_page, "tags": tags_page, "albums": albums_page}.get(shown, map_page)(services)
