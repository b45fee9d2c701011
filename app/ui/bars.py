"""Descriptions as bars: what a photo shows, and how probable each is."""

from collections.abc import Sequence

import streamlit as st

from app.describe import Description


def bars(descriptions: Sequence[Description]) -> None:
    """One bar for each description, likeliest first."""
    for item in descriptions:
        st.progress(min(item.probability, 1.0), text=f"{_plain(item.text)} · {item.probability:.0%}")


def _plain(text: str) -> str:
    """Text as itself: nothing in it is taken for Markdown."""
    return "".join(f"\\{c}" if c in r"\`*_{}[]<>()#+-.!|~:$" else c for c in text)
