"""Albums and names: saving a search as an album, and cards of those there are."""

import streamlit as st

from app.albums import AlbumDetails, delete_album, list_albums, make_album
from app.counts import count_of
from app.filters import Filter
from app.names import Taught, forget_name, list_names
from app.query import Query
from app.services import Services
from app.ui.assets import web
from app.ui.faults import faults_told
from app.ui.plain import plain
from app.ui.question import Question

_HTML = '<ul role="list" class="cards"></ul>'
_albums = st.components.v2.component(
    "sightline_albums", html=_HTML, css=web("timeline.css", "albums.css"), js=web("dom.js", "albums.js")
)


def save_search(services: Services, question: Question) -> None:
    """A pop-over that keeps a search as an album, which holds whatever it finds from then on."""
    with st.popover("Save as album", icon=":material/bookmark_add:"), st.form("save-search", border=False):
        name = st.text_input("Name of the album", max_chars=100)
        st.caption("A live album: what matches later is in it too.")
        if st.form_submit_button("Save"):
            with faults_told():
                made = make_album(services.library, name, query=question.text)
                st.toast(f"{plain(made.name)} is in Explore, Albums", icon=":material/bookmark_added:")


def albums_page(services: Services) -> None:
    """All albums and names."""
    albums, names = list_albums(services.library), list_names(services.library)
    _ask_before_forgetting(services, albums, names)
    st.subheader("Albums", anchor=False)
    if albums:
        _cards("albums", [_album(album) for album in albums])
    else:
        st.caption("None yet. Select photos and choose Add to album, or save a search: its album holds all it finds.")
    st.subheader("Names", anchor=False)
    if names:
        _cards("names", [_name(taught) for taught in names])
    else:
        st.caption(
            "None yet. Select a few photos of a person, a pet or a thing and choose Name this; then ask for it: "
            "Rex on the beach."
        )


def _cards(key: str, cards: list[dict[str, object]]) -> None:
    def remember() -> None:
        if act := st.session_state[key].act:
            what = "act" if act["action"] == "ask" else f"forget-{key}"
            st.session_state[what] = (act["action"], act["value"]) if what == "act" else act["value"]

    _albums(key=key, data={"cards": cards}, on_act_change=remember)


def _album(album: AlbumDetails) -> dict[str, object]:
    note = album.query if album.photos is None else count_of(album.photos, "photo")
    shown = {"id": album.id, "name": album.name, "note": note, "cover": album.cover, "live": album.query is not None}
    return shown | {"asks": str(Query(filters=(Filter("album", album.name),)))}


def _name(taught: Taught) -> dict[str, object]:
    cover = taught.photos[0] if taught.photos else None
    note = f"taught on {count_of(len(taught.photos), 'photo')}"
    return {"id": taught.id, "name": taught.name, "note": note, "cover": cover, "asks": taught.name}


def _ask_before_forgetting(services: Services, albums: list[AlbumDetails], names: list[Taught]) -> None:
    for kind, known in (("albums", albums), ("names", names)):
        chosen = st.session_state.pop(f"forget-{kind}", None)
        if found := next((one for one in known if one.id == chosen), None):
            _forget(services, kind, found.id, found.name)


@st.dialog("Forget it?", icon=":material/delete:")
def _forget(services: Services, kind: str, which: int, name: str) -> None:
    st.markdown(f"**{plain(name)}** is forgotten. Its photos stay, in the library and on disk.")
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Keep it"):
            st.rerun()
        if st.button("Forget it", type="primary"):
            (delete_album if kind == "albums" else forget_name)(services.library, which)
            st.rerun()
