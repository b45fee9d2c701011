"""Who may change which folders are indexed: whoever sits at the machine that has them."""

import streamlit as st

from app.shield import LOOPBACK
from indexer.settings import Settings


def at_this_machine(settings: Settings) -> bool:
    """Whether the page is shown on the machine that serves it.

    Others, even with the token, name no paths here: what is said of a path tells whether it exists. Behind a proxy
    (`allowed_hosts`) nobody can be told apart, so that folders are changed on the command line. What forbids
    it to the API forbids it here.
    """
    address = st.context.ip_address  # None: this machine
    here = not settings.allowed_hosts and settings.allow_folders_from_api is not False
    return here and (address is None or address in LOOPBACK)
