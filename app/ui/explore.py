"""The map and the time line as components; what is clicked in them is taken over by `app.ui.gallery.take_act`."""

from collections.abc import Sequence
from dataclasses import asdict

import streamlit as st

from app.timeline import Period
from app.ui.assets import web
from app.ui.gallery import remember_act

_map = st.components.v2.component(
    "sightline_map",
    html="""
    <div class="map">
      <canvas tabindex="0" role="application" aria-label="Map of the library. Arrows move, plus and minus zoom, 0 shows
        the whole, Enter opens the photo in the middle."></canvas>
      <div class="names"></div>
      <div class="colours" role="group" aria-label="Colours">
        <button type="button" data-by="label" aria-pressed="true">By subject</button>
        <button type="button" data-by="date" aria-pressed="false">By date</button>
      </div>
      <div class="tools" role="group" aria-label="Zoom"></div>
      <div class="legend" hidden></div>
      <div class="tip" hidden><img alt=""></div>
      <div class="status" role="status"></div>
    </div>""",
    css=web("gallery.css", "lightbox.css", "map.css"),
    js=web("dom.js", "rows.js", "details.js", "lightbox.js", "shelf.js", "map.js"),
)
_timeline = st.components.v2.component(
    "sightline_timeline",
    html="""
    <div class="timeline">
      <div class="years" role="group" aria-label="Years"></div>
      <div class="months"></div>
    </div>""",
    css=web("timeline.css"),
    js=web("dom.js", "timeline.js"),
)


def photo_map(key: str) -> None:
    """All photos on a plane, which the browser asks the API for."""
    _map(key=key, on_act_change=lambda: remember_act(key))


def time_line(periods: Sequence[Period], key: str) -> None:
    """How many photos were taken in each month, with one to show for it."""
    _timeline(
        key=key, data={"periods": [asdict(period) for period in periods]}, on_act_change=lambda: remember_act(key)
    )
