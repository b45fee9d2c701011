"""Library: which folders are indexed, how they are, and what could not be read."""

import streamlit as st

from app.services import Services, current
from app.status import Status, read_failures, read_status
from app.ui.acts import follow_act
from app.ui.copies import copies
from app.ui.faults import faults_told
from app.ui.first_run import first_run
from app.ui.folders import added_folder, confirm_removal, folder_card, show_chosen
from app.ui.owner import at_this_machine
from app.ui.running import running, start
from indexer import control

_LOOK_EVERY = "3s"
_PAUSE_WIDTH = 168  # pixels: the longer of its two labels


@st.fragment(run_every=_LOOK_EVERY)
def folders(services: Services, may_change: bool) -> None:
    """Counts and cards, which follow the catalog while something is being indexed."""
    now = read_status(services.library)
    if any(st.session_state.get(asked) for asked in ("shown", "removing")):
        st.rerun()
    _numbers(now)
    paused = control.is_paused(services.library.catalog)
    said = st.container()  # always there, so that the cards below stay where they are in the page
    if paused:
        said.info("Indexing is paused: nothing new is looked at until you resume.", icon=":material/pause_circle:")
    for folder in now.folders:
        folder_card(services, folder, paused=paused, may_change=may_change)


def _numbers(now: Status) -> None:
    missing, failed = sum(folder.missing for folder in now.folders), sum(folder.failed for folder in now.folders)
    with st.container(horizontal=True):
        st.metric("Photos that can be found", f"{now.searchable:,}", border=True)
        st.metric(
            "Missing", f"{missing:,}", border=True, help="Their files were gone at the last look. They come back."
        )
        st.metric("Could not be read", f"{failed:,}", border=True)


def pause_button(services: Services) -> None:
    """Pauses whoever indexes this library, or lets it go on: one button of one width, so that none moves away."""
    catalog = services.library.catalog
    is_paused = control.is_paused(catalog)
    st.button(
        "Resume indexing" if is_paused else "Pause indexing",
        key="pause-indexing",
        icon=":material/play_arrow:" if is_paused else ":material/pause:",
        width=_PAUSE_WIDTH,
        on_click=control.resume if is_paused else control.pause,
        args=(catalog,),
    )


def add_button(services: Services) -> None:
    """A line for a path, in a pop-over."""
    with st.popover("Add a folder", icon=":material/create_new_folder:", type="primary"):
        if added_folder(services) is not None:
            st.rerun()


def failures(services: Services) -> None:
    """Files that could not be read, each with its reason."""
    found = read_failures(services.library)
    if not found:
        return
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.subheader("Files that could not be read", anchor=False, width="content")
        st.button(
            "Try again",
            icon=":material/replay:",
            help="They are tried again when they change, too",
            on_click=start,
            args=("retry-failed",),
        )
    rows = [{"File": failure.path, "Reason": failure.reason} for failure in found]
    st.dataframe(rows, hide_index=True, alt="Files that could not be read")


def page(services: Services) -> None:
    confirm_removal(services)
    show_chosen()
    may_change = at_this_machine(services.library.settings)
    if not read_status(services.library).folders:
        if first_run(services) is not None:
            st.rerun()
        return
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.subheader("Folders", anchor=False, width="content")
        with st.container(horizontal=True, width="content", gap="small"):
            st.button("Look for changes now", icon=":material/refresh:", on_click=start, args=("index",))
            pause_button(services)
            if may_change:
                add_button(services)
    running(services, "index", "retry-failed", "switch", "compact")
    running(services, "suggest-tags", over=False)  # what is told on its own page; but jobs here wait for it
    folders(services, may_change)
    failures(services)
    copies(services)


services = current()
follow_act()
with faults_told():
    page(services)
