"""Photos that show the same, with the best of each group proposed. Nothing is deleted here."""

import csv
import io

import streamlit as st

from app.api import photo_out
from app.errors import NotFoundError
from app.photos import get_photo
from app.services import Services
from app.ui.gallery import remember_act
from app.ui.running import running, start
from app.ui.shelf import shelf
from indexer.duplicates import Group, Kind, is_compared, read_duplicates

_NAMES = {
    Kind.EXACT: "The same file more than once",
    Kind.NEAR: "The same picture: resized, compressed or edited",
    Kind.BURST: "Taken at the same moment",
}
_AT_ONCE = 20  # groups
_MOST = 12  # photos of a group

_groups = shelf("groups")


def copies(services: Services) -> None:
    """The groups that were found as photos were indexed, and a button that looks again."""
    st.subheader("Copies and bursts", anchor=False)
    st.caption("Photos that show the same, the best one first: the largest, sharpest, best rated. Nothing is deleted.")
    running(services, "duplicates")
    found = _found(services.library.catalog.revision(), services)
    if not found:
        if is_compared(services.library):
            st.caption("No two photos of this library show the same.")
        else:
            st.button("Look for copies", icon=":material/content_copy:", on_click=start, args=("duplicates",))
        return
    pages = -(-len(found) // _AT_ONCE)
    page = st.pagination(pages, key="copies-page") if pages > 1 else 1
    shown = found[(page - 1) * _AT_ONCE : page * _AT_ONCE]
    data = {"groups": [_group(services, group) for group in shown]}
    _groups(key="copies", data=data, on_act_change=lambda: remember_act("copies"))
    with st.container(horizontal=True):
        st.button("Look again", icon=":material/refresh:", on_click=start, args=("duplicates",))
        st.download_button(
            "All groups as CSV", _csv(found), "copies.csv", "text/csv", icon=":material/download:", on_click="ignore"
        )


@st.cache_data(max_entries=2, show_spinner="Comparing")
def _found(revision: int, _services: Services) -> list[Group]:
    return read_duplicates(_services.library)


def _group(services: Services, group: Group) -> dict[str, object]:
    items = []
    for shot in (group.best, *group.others)[:_MOST]:
        try:
            items.append(photo_out(get_photo(services.library, shot.id)).model_dump(mode="json"))
        except NotFoundError:
            continue  # it has gone since
    more = len(group.others) + 1 - len(items)
    return {"kind": _NAMES[group.kind] + (f" (and {more} more)" if more > 0 else ""), "items": items}


def _csv(found: list[Group]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["group", "kind", "best", "path", "width", "height", "bytes"])
    for number, group in enumerate(found, 1):
        for shot in (group.best, *group.others):
            best = "yes" if shot is group.best else ""
            writer.writerow([number, group.kind, best, shot.path, shot.width, shot.height, shot.size])
    return out.getvalue()
