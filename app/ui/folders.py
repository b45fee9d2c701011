"""The indexed folders as cards: what each holds, how it is, and what can be done with it."""

from pathlib import Path

import platformdirs
import streamlit as st

from app.counts import count_of
from app.filters import Filter
from app.new_folder import checked
from app.query import Query
from app.services import Services, follows
from app.status import FolderStatus
from app.ui.faults import faults_told
from app.ui.plain import plain
from app.ui.running import start
from app.ui.spans import ago
from indexer.catalog import FolderState
from indexer.folders import add_folder, covering_folder, list_folders, set_paused
from indexer.forget import forget_folder
from indexer.settings import Settings

EXAMPLES = "~/Pictures   /media/disk/Photos   C:\\Users\\me\\Pictures"


def folder_card(services: Services, folder: FolderStatus, *, paused: bool, may_change: bool) -> None:
    """One folder."""
    name = Path(folder.path).name or folder.path
    is_paused = folder.state == FolderState.PAUSED
    with st.container(border=True, horizontal=True, vertical_alignment="center", gap="small"):
        with st.container(gap="xxsmall", width="stretch"):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.markdown(f":material/folder: **{plain(name)}**", width="content")
                _badge(folder, paused)
            st.caption(f"{plain(folder.path)}  \n{_counts(folder)}")
        with st.container(horizontal=True, width="content", gap="small"):
            if folder.photos:
                st.button(
                    "Show",
                    key=f"show-{folder.path}",
                    icon=":material/grid_view:",
                    help="Search in this folder alone",
                    on_click=_remember,
                    args=("shown", folder.path),
                )
            st.button(
                "Look for changes",
                disabled=is_paused,
                key=f"look-{folder.path}",
                icon=":material/refresh:",
                help="Take in what is new, changed, moved or gone in this folder",
                on_click=look_for_changes,
                args=(services, folder.path),
            )
            st.button(
                "Resume" if is_paused else "Pause",
                key=f"pause-{folder.path}",
                icon=":material/play_arrow:" if is_paused else ":material/pause:",
                help="Look through it again" if is_paused else "Leave this folder alone for now; its photos stay",
                on_click=_pause,
                args=(services, folder.path, not is_paused),
            )
            if may_change:
                st.button(
                    "Remove",
                    key=f"remove-{folder.path}",
                    icon=":material/delete:",
                    help="Take it out of the library. The photos on disk stay",
                    on_click=_remember,
                    args=("removing", folder.path),
                )


def _pause(services: Services, path: str, paused: bool) -> None:
    with services.library.catalog.reading() as session:
        folder = covering_folder(session, Path(path))
    if folder is not None:
        set_paused(services.library.catalog, folder.id, paused)
        if not paused:
            start("index", folder_id=folder.id)


def look_for_changes(services: Services, path: str) -> None:
    """Starts a pass over the folder that is, or covers, this path."""
    with services.library.catalog.reading() as session:
        folder = covering_folder(session, Path(path))
    if folder is not None:
        start("index", folder_id=folder.id)


def _remember(what: str, path: str) -> None:
    st.session_state[what] = path


def _badge(folder: FolderStatus, paused: bool) -> None:
    if folder.state == FolderState.OFFLINE:
        st.badge(
            "Offline",
            color="orange",
            icon=":material/link_off:",
            help="It was not there, or empty, when last looked for. Its photos are kept until its disk is back.",
        )
    elif paused or folder.state == FolderState.PAUSED:
        st.badge("Paused", color="gray", icon=":material/pause:", help="Nothing is indexed until you resume.")
    elif follows():
        st.badge("Watched", color="green", icon=":material/visibility:", help="Changes are taken in within seconds.")
    else:
        st.badge(
            "Not watched",
            color="gray",
            icon=":material/visibility_off:",
            help="Changes are taken in when you look for them. `sightline serve --watch` does it by itself.",
        )


def _counts(folder: FolderStatus) -> str:
    counts = {"missing": folder.missing, "could not be read": folder.failed}
    said = [count_of(folder.photos, "photo")]
    said += [f"{count:,} {what}" for what, count in counts.items() if count]
    said.append(f"looked through {ago(folder.scanned_at)}" if folder.scanned_at else "not looked through yet")
    return " · ".join(said)


def show_chosen() -> None:
    """Goes to the search page for the folder whose button was pressed."""
    if path := st.session_state.pop("shown", None):
        st.switch_page("app_pages/search.py", query_params={"q": str(Query(filters=(Filter("folder", path),)))})


def confirm_removal(services: Services) -> None:
    """Asks before a folder is taken out."""
    if path := st.session_state.pop("removing", None):
        _removal(services, path)


@st.dialog("Take this folder out of the library?", icon=":material/delete:")
def _removal(services: Services, path: str) -> None:
    st.code(path, language=None, wrap_lines=True)
    st.markdown(
        "**The photos on disk are not touched.** They are no longer found here, and the tags that you gave them in "
        "Sightline go. When you add the folder again, what was seen in them is still known, so it costs little."
    )
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Keep it"):
            st.rerun()
        if st.button("Take it out", type="primary"):
            with services.library.catalog.reading() as session:
                found = next((folder for folder in list_folders(session) if folder.path == path), None)
            count = forget_folder(services.library.catalog, found) if found else 0
            st.session_state["told"] = (
                f"{plain(path)}: {count_of(count, 'photo')} taken out of the library; the files stay"
            )
            st.rerun()


def added_folder(services: Services, label: str = "Add a folder") -> Path | None:
    """A line for the path of a folder of this machine; gives it back once, when it was added to the library."""
    with (
        st.form("add-folder", border=False),
        st.container(horizontal=True, vertical_alignment="bottom", gap="small"),
    ):
        path = st.text_input(label, placeholder="~/Pictures", key="new-folder", help=f"For example: {EXAMPLES}")
        pressed = st.form_submit_button("Add", type="primary", icon=":material/create_new_folder:")
    if near := _near(services):
        taken = st.pills("Folders of this computer", list(near), key=f"near-{len(near)}", format_func=_short)
        path, pressed = (taken, True) if taken and not pressed else (path, pressed)
    if not pressed:
        return None
    with faults_told():
        return take_in(services, written_folder(path, services.library.settings))
    return None


def take_in(services: Services, path: Path) -> Path:
    """Adds a folder to the library and begins to look through it.

    Raises:
        FolderError: it is not there, or cannot be listed.
    """
    folder, start_at = add_folder(services.library.catalog, path)
    start("index", folder_id=folder.id)
    st.session_state["told"] = f"{plain(str(start_at))} was added: its photos can be found as they are looked at"
    return start_at


def written_folder(written: str, settings: Settings) -> Path:
    """The folder that was written down, perhaps with the quotes that file managers copy along.

    Raises:
        FolderError: it is no whole path, not there, or not a folder for photos.
    """
    return checked(written.strip().strip("\"'"), settings)


def _near(services: Services) -> dict[str, None]:
    """The usual folders for pictures that are there and not indexed yet."""
    usual = (platformdirs.user_pictures_path(), platformdirs.user_desktop_path(), platformdirs.user_downloads_path())
    with services.library.catalog.reading() as session:
        known = [folder.path for folder in list_folders(session)]
    free = [path for path in usual if path.is_dir() and not any(path.is_relative_to(one) for one in known)]
    return {str(path): None for path in free}


def _short(path: str) -> str:
    return Path(path).name
