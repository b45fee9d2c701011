"""Tags: those of the library to browse by, and suggestions to accept or put away, many photos at once."""

import streamlit as st

from app import tags
from app.filters import Filter
from app.query import Query
from app.services import Services
from app.tags import TagCount
from app.ui.gallery import remember_act
from app.ui.plain import plain
from app.ui.running import running, start
from app.ui.shelf import shelf

_AT_ONCE = 20  # suggested tags on a page
_EACH = 24  # photos shown of each
_FEW = 60  # tags shown before all are asked for

_suggestions = shelf("suggestions", '<ul role="list" aria-label="Suggested tags"></ul>')


def tags_page(services: Services) -> None:
    """Browse by tag, and settle suggestions."""
    counts = tags.list_tags(services.library)
    held = [tag for tag in counts if tag.own or tag.in_files]
    st.subheader("Tags of your photos", anchor=False)
    if held:
        _browse(held)
    else:
        st.caption("No photo has a tag yet. Let Sightline suggest some, and accept those that fit.")
    st.subheader("Suggestions", anchor=False)
    _ask_for_suggestions(services)
    _settle(services)


def _browse(held: list[TagCount]) -> None:
    def show() -> None:
        tag = st.session_state.pop("browse-tag")
        st.session_state["act"] = ("ask", str(Query(filters=(Filter("keyword", tag),))))

    counts = {tag.tag: tag.own + tag.in_files for tag in held}
    names = list(counts)
    if len(names) > _FEW:
        found = st.text_input("Find a tag", icon=":material/search:", placeholder="Find a tag")
        names = [name for name in names if found.casefold() in name.casefold()]
    st.pills(
        "Show the photos of",
        names[:_FEW],
        format_func=lambda name: f"{plain(name)} · {counts[name]:,}",
        key="browse-tag",
        on_change=show,
        label_visibility="collapsed",
    )
    if len(names) > _FEW:
        st.caption(f"and {len(names) - _FEW:,} more; type above to find one")


def _ask_for_suggestions(services: Services) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.slider(
            "How sure a suggestion must be", 0.3, 0.95, tags.THRESHOLD, 0.05, format="percent", width=260, key="sure"
        )
        st.button("Suggest tags", icon=":material/auto_awesome:", type="primary", on_click=_suggest)
    running(services, "suggest-tags")


def _suggest() -> None:
    start("suggest-tags", threshold=st.session_state["sure"])


def _settle(services: Services) -> None:
    found = tags.suggestions(services.library, _AT_ONCE, _EACH)
    if not found:
        st.caption("Nothing is suggested now. Nothing becomes a tag before you accept it.")
        return
    st.caption("Click a photo to leave it out, then accept the tag for the others. A double click opens it.")
    listed = [
        {"tag": tag, "photos": photos, "some": [{"id": i, "probability": p} for i, p in some]}
        for tag, photos, some in found
    ]
    data = {"tags": listed, "version": str(listed)}
    _suggestions(key="suggestions", data=data, on_act_change=lambda: remember_act("suggestions"))
    st.button("Show what is left", icon=":material/refresh:")
