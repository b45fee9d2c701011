"""Folders as people write and paste them."""

from pathlib import Path

import pytest

from app.ui.folders import written_folder
from indexer.errors import FolderError
from indexer.settings import load_settings


@pytest.mark.parametrize("written", ["{}", ' "{}" ', "'{}'"])
def test_a_whole_path_is_taken_with_and_without_quotes(tmp_path: Path, written: str) -> None:
    assert written_folder(written.format(tmp_path), load_settings()) == tmp_path.resolve()


@pytest.mark.parametrize("written", ["", "  ", "Pictures", "../Pictures"])
def test_any_other_is_told_what_is_expected(written: str) -> None:
    with pytest.raises(FolderError, match="expected a whole path, such as ~/Pictures"):
        written_folder(written, load_settings())


@pytest.mark.parametrize(
    ("written", "said"),
    [("/etc", "of the system"), ("/no/such/folder", "no such folder"), ("~nobody/x", "no such")],
)
def test_what_is_no_folder_for_photos_is_said(written: str, said: str) -> None:
    with pytest.raises(FolderError, match=said):
        written_folder(written, load_settings())
