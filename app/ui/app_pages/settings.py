"""Settings: which encoder sees the photos and what another would find, what is set, and where things are kept."""

import shutil

import streamlit as st

from app.relevance import Relevance
from app.services import Services, current
from app.status import read_status
from app.tags import THRESHOLD
from app.ui.acts import follow_act
from app.ui.encoders import encoders, settings_in_force
from app.ui.faults import faults_told
from app.ui.owner import at_this_machine
from app.ui.plain import plain
from app.ui.views import chosen_view
from indexer.settings import config_file


def places(services: Services) -> None:
    """Where things are kept, and how much room there is."""
    settings = services.library.settings
    catalog = settings.data_folder / "catalog.sqlite3"
    rows = {
        "Catalog": "in a database of its own" if settings.database_url else str(catalog),
        "Thumbnails": str(settings.thumbnails_folder),
        "Vectors for searching": str(settings.vectors_folder),
        "Vocabularies of yours": str(settings.data_folder / "vocabularies"),
        "Settings": str(config_file()),
    }
    for name, where in rows.items():
        with st.container(gap=None):
            st.caption(name)
            st.code(where, language=None, wrap_lines=True)
    if settings.data_folder.is_dir():
        free = shutil.disk_usage(settings.data_folder).free
        st.caption(f"{free / 1e9:,.0f} GB are free there. Your photos stay where they are.")


def matching(services: Services) -> None:
    """From where on something counts."""
    now = read_status(services.library)
    cut = Relevance(services.library).cut(words=True)
    st.markdown(
        f"- A photo **matches** a description from a relevance of **{cut:.2f}** on, as measured for "
        f"{plain(now.encoder)} on labelled pictures. Filters, on the search page, ask for more.\n"
        f"- A tag is **suggested** from a probability of **{THRESHOLD:.0%}** on; the tags page asks for more or less.\n"
        f"- Vectors are searched by: {plain(now.vectors)}"
    )


def page(services: Services) -> None:
    tabs = {"encoder": "Encoder", "places": "Where things are", "all": "All settings"}
    shown = chosen_view("Show", tabs, "show")
    if shown == "places":
        places(services)
    elif shown == "all":
        st.caption(
            "Set in the environment as SIGHTLINE_NAME, or in `config.toml`; read when Sightline starts. Light and dark "
            "follow your system."
        )
        st.dataframe(settings_in_force(services.library.settings), hide_index=True, alt="All settings")
    else:
        encoders(services, at_this_machine(services.library.settings))
        st.markdown("#### What counts as a match")
        matching(services)


services = current()
follow_act()
with faults_told():
    page(services)
