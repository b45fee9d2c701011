"""Paths as people write and paste them."""

from pathlib import Path

import pytest

from app.ui.folders import whole_path
from indexer.errors import FolderError


@pytest.mark.parametrize("written", ["/media/disk/Photos", ' "/media/disk/Photos" ', "'/media/disk/Photos'"])
def test_a_whole_path_is_taken(written: str) -> None:
    assert whole_path(written) == Path("/media/disk/Photos")


def test_home_is_known() -> None:
    assert whole_path("~/Pictures") == Path.home() / "Pictures"


@pytest.mark.parametrize("written", ["", "  ", "Pictures", "../Pictures"])
def test_any_other_is_told_what_is_expected(written: str) -> None:
    with pytest.raises(FolderError, match="expected a whole path, such as ~/Pictures"):
        whole_path(written)


def test_a_home_of_nobody_is_said() -> None:
    with pytest.raises(FolderError, match="no such folder: ~nobody-of-that-name"):
        whole_path("~nobody-of-that-name/Pictures")
