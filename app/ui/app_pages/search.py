"""Search: a description or a picture in, photos out."""

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from app.errors import AppError, QueryError
from app.language import parse
from app.photos import PhotoDetails, get_photo, newest_photos, stored_vectors
from app.query import Query
from app.search import Hit
from app.services import current
from app.ui.bars import bars
from app.ui.gallery import gallery, take_click
from app.ui.picture import facts, picture
from indexer.errors import IndexerError

PAGE = 60  # photos
EXAMPLES = ("a cat", "a cup of coffee", "portrait of a woman", "boats on the water", "a rocket launch")


def close() -> None:
    st.session_state.pop("open", None)


@st.dialog("Photo", width="large", on_dismiss=close)
def show(photo: PhotoDetails) -> None:
    left, right = st.columns([5, 3], gap="medium")
    with left:
        picture(photo, key="dialog")
    with right:
        if st.button("More like this", icon=":material/image_search:", width="stretch"):
            close()
            ask(similar=str(photo.id))
            st.rerun()
        if st.button("Describe", icon=":material/label:", width="stretch"):
            with st.spinner("Looking"):
                bars(services.describe.by_vocabulary(stored_vectors(services.library, [photo.id])[1][0], k=8))
        facts(photo)


def ask(**parameters: str) -> None:
    """Asks something else at the next run; the page's address holds the whole question."""
    st.session_state["ask"] = parameters


def begin() -> None:
    """Takes over what was clicked and asked since the last run, or the question in a new page's address."""
    match take_click():
        case ("open", photo_id):
            st.session_state["open"] = photo_id
        case ("similar", photo_id):
            ask(similar=str(photo_id))
        case ("describe", photo_id):
            st.switch_page("app_pages/describe.py", query_params={"photo": str(photo_id)})
    parameters = st.session_state.pop("ask", None)
    if parameters is not None:
        st.session_state.pop("k", None)
        st.query_params.from_dict(parameters)
        if "similar" in parameters:  # a new uploader, without the picture of the old one
            st.session_state["dropped"] = st.session_state.get("dropped", 0) + 1
        st.session_state["q"] = parameters.get("q", "")
    st.session_state.setdefault("q", st.query_params.get("q", ""))


def ask_text() -> None:
    ask(**({"q": st.session_state["q"]} if st.session_state["q"] else {}))


def ask_example() -> None:
    ask(q=st.session_state.pop("example"))


def asked() -> Query | None:
    """What the page's address, box and picture ask for now; None when that is nothing."""
    similar = st.query_params.get("similar", "")
    photos = (int(similar),) if similar.isdecimal() else ()
    images = (picture_file.getvalue(),) if picture_file is not None else ()
    written = parse(text) if text.strip() else None
    if not (photos or images):
        return written
    return replace(written, photos=written.photos + photos, images=images) if written else Query("", photos, images)


def start_page() -> None:
    """Before anything is asked: what could be, and the newest photos."""
    searchable = services.search.warm_up()
    if not searchable:
        st.info("Index a folder first, in a terminal: `sightline index ~/Pictures`", icon=":material/folder_open:")
        return
    st.caption(f"{searchable:,} photos are ready to be found. Try:")
    st.pills("Examples", EXAMPLES, key="example", on_change=ask_example, label_visibility="collapsed")
    gallery(newest_photos(services.library, PAGE // 2), None, key="newest")


def results_page(query: Query) -> None:
    """What was asked with, and the photos that answer."""
    results = services.search(query, st.session_state.get("k", PAGE))
    if query.photos:
        like = get_photo(services.library, query.photos[0])
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown("Photos like")
            gallery([like], None, key=f"like-{like.id}")
            st.button("Back to search", icon=":material/close:", on_click=ask)
    if query.images:
        st.image(query.images[0], width=180, caption="Photos like this picture", alt="The picture you gave")
    count = f"{len(results.hits):,} of {results.searched:,} photos"
    st.caption(f"{count}, best first · {results.took_ms:.0f} ms")
    shown(results.hits[: results.matches], key="results")
    if results.matches_end is not None:
        st.divider()
        st.caption("Matches end here; these come nearest" if results.matches else "Nothing matches; these come nearest")
        shown(results.hits[results.matches :], key="rest")
    if len(results.hits) + len(query.photos) < results.searched:
        st.button("Show more", icon=":material/expand_more:", width="stretch", on_click=show_more)


def shown(hits: Sequence[Hit], key: str) -> None:
    if hits:
        gallery([hit.photo for hit in hits], [None if hit.score is None else hit.relevance for hit in hits], key=key)


def show_more() -> None:
    st.session_state["k"] = st.session_state.get("k", PAGE) + PAGE


services = current()
begin()

box, drop = st.columns([5, 2], vertical_alignment="bottom")
text = box.text_input(
    "Describe a photo",
    key="q",
    type="search",
    placeholder="Describe a photo: a dog on the beach, birthday cake, snow on a roof …",
    label_visibility="collapsed",
    on_change=ask_text,
)
with drop.popover("Search with a picture", icon=":material/add_photo_alternate:", width="stretch"):
    picture_file = st.file_uploader(
        "Drop a picture here", key=f"picture-{st.session_state.get('dropped', 0)}", max_upload_size=64
    )

try:
    if query := asked():
        results_page(query)
    else:
        start_page()
    if "open" in st.session_state:
        show(get_photo(services.library, st.session_state["open"]))
except QueryError as error:
    st.error(str(error), icon=":material/error:")
    if error.pointer:
        st.code(error.pointer, language=None)
except (AppError, IndexerError) as error:
    close()
    st.error(str(error), icon=":material/error:")
