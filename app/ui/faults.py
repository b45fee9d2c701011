"""How a page says what went wrong: in one line, in place of what could not be shown."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from app.errors import AppError
from app.ui.plain import plain
from clipcore.errors import ClipcoreError
from indexer.errors import IndexerError


@contextmanager
def faults_told() -> Iterator[None]:
    """The library's faults become a line on the page, and what is behind the block goes on."""
    try:
        yield
    except (AppError, IndexerError, ClipcoreError) as error:
        tell_fault(error)


def tell_fault(error: Exception) -> None:
    """A fault in a line of its own."""
    st.error(plain(str(error)), icon=":material/error:")
