"""What is shown while no folder is indexed: what to do first."""

from pathlib import Path

import streamlit as st

from app.services import Services
from app.ui.folders import added_folder, take_in
from app.ui.owner import at_this_machine

_DEMO = Path(__file__).parents[2] / "demo"  # where `make demo` puts it


def first_run(services: Services) -> Path | None:
    """The guide; gives back the folder that was just added."""
    st.markdown("## Find any photo by describing it")
    st.caption(
        "Sightline looks at every photo once, on this computer. Photos are only read, and nothing leaves this machine."
    )
    chosen = None
    mine, demo = st.columns(2, gap="medium")
    with mine, st.container(border=True, height="stretch"):
        st.markdown("#### :material/photo_library: Your photos")
        if at_this_machine(services.library.settings):
            chosen = added_folder(services, "The folder that holds them")
            st.caption("Folders in it are taken in as well. A thousand photos take a minute or two; search meanwhile.")
        else:
            st.markdown("Folders are added on the computer that has them:")
            st.code("sightline index ~/Pictures", language="sh")
    with demo, st.container(border=True, height="stretch"):
        st.markdown("#### :material/palette: No photos at hand?")
        st.markdown("Try it with a demo collection: 196 photographs and paintings, free to use.")
        if _DEMO.is_dir() and at_this_machine(services.library.settings):
            if st.button("Add the demo collection", icon=":material/download_done:"):
                chosen = take_in(services, _DEMO)
        else:
            st.code("make demo", language="sh")
            st.caption("in the folder that Sightline was downloaded to")
    return chosen
