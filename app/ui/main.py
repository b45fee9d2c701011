"""The pages of Sightline. Started by `sightline serve`; everything they show comes from `app.services.current()`."""

from pathlib import Path

import streamlit as st

HERE = Path(__file__).parent

st.set_page_config(page_title="Sightline", page_icon=str(HERE / "icon.svg"), layout="wide")
st.html(HERE / "web" / "page.css")
st.logo(str(HERE / "logo.svg"), size="large")

page = st.navigation(
    [
        st.Page(
            "app_pages/search.py",
            title="Search",
            icon=":material/search:",
            default=True,
            help="Find photos by describing them, or by a picture like them.",
        ),
        st.Page(
            "app_pages/explore.py",
            title="Explore",
            icon=":material/explore:",
            help="All photos on a map, by time, by tag, and in albums.",
        ),
        st.Page(
            "app_pages/describe.py",
            title="Describe",
            icon=":material/label:",
            help="Say what is in a photo, in words of a vocabulary or your own.",
        ),
        st.Page(
            "app_pages/library.py",
            title="Library",
            icon=":material/photo_library:",
            help="The folders that are indexed: add, remove, look for changes; and what could not be read.",
        ),
        st.Page(
            "app_pages/settings.py",
            title="Settings",
            icon=":material/settings:",
            help="The encoder that sees your photos, and where things are kept.",
        ),
    ],
    position="top",
)
if told := st.session_state.pop("told", None):  # by what was clicked, on whichever page
    st.toast(told)
page.run()
