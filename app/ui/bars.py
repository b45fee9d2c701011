"""Descriptions as bars: what a photo shows, and how probable each is."""

from collections.abc import Sequence

import streamlit as st

from app.describe import Description
from app.ui.plain import plain


def bars(descriptions: Sequence[Description]) -> None:
    """One bar for each description, likeliest first."""
    for item in descriptions:
        st.progress(min(item.probability, 1.0), text=f"{plain(item.text)} · {item.probability:.0%}")
