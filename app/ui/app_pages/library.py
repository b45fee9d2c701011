"""Library: what is indexed, and what could not be read."""

import streamlit as st

from app.errors import AppError
from app.services import current
from app.status import Status, read_failures, read_status
from app.ui.plain import plain
from indexer.errors import IndexerError


@st.fragment(run_every="2s")
def numbers() -> None:
    """Counts that follow the catalog while something is being indexed."""
    now = read_status(services.library)
    with st.container(horizontal=True):
        st.metric("Searchable photos", f"{now.searchable:,}", border=True)
        st.metric("Missing", f"{sum(folder.missing for folder in now.folders):,}", border=True)
        st.metric("Unreadable", f"{sum(folder.failed for folder in now.folders):,}", border=True)
    folders(now)


def folders(now: Status) -> None:
    if not now.folders:
        st.info("No folder is indexed yet. In a terminal: `sightline index ~/Pictures`", icon=":material/folder_open:")
        return
    rows = [
        {
            "Folder": folder.path,
            "State": folder.state,
            "Photos": folder.photos,
            "Missing": folder.missing,
            "Unreadable": folder.failed,
            "Last pass (UTC)": folder.scanned_at,
        }
        for folder in now.folders
    ]
    st.dataframe(rows, hide_index=True, alt="Indexed folders")
    st.caption(
        f"Encoder {now.encoder}, {now.encoder_dim} dimensions, {now.encoder_fingerprint} · kept in {now.data_folder}"
    )


services = current()
try:
    numbers()
    failures = read_failures(services.library)
except (AppError, IndexerError) as error:
    st.error(plain(str(error)), icon=":material/error:")
    st.stop()
if failures:
    st.subheader("Files that could not be read")
    st.caption("They are tried again when they change, or with `sightline index --retry-failed`.")
    rows = [{"File": failure.path, "Reason": failure.reason} for failure in failures]
    st.dataframe(rows, hide_index=True, alt="Files that could not be read")
