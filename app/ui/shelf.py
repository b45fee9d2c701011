"""Components that show photos in groups of their own, each photo opening in the lightbox."""

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from app.ui.assets import web


def shelf(name: str, inside: str = '<div class="all"></div>') -> ComponentRenderer:
    """The component of web/`name`.js and `name`.css, which fill the HTML `inside`."""
    return st.components.v2.component(
        f"sightline_{name}",
        html=f'<div class="{name}">{inside}</div>',
        css=web("gallery.css", "lightbox.css", f"{name}.css"),
        js=web("dom.js", "rows.js", "details.js", "lightbox.js", "shelf.js", f"{name}.js"),
    )
