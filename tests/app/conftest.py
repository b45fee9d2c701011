"""One library with five painted pictures, indexed once for each test that asks for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.services import Services
from clipcore.encoder import Encoder
from indexer.folders import add_folder
from indexer.ingest import ingest
from indexer.settings import load_settings


@pytest.fixture
def services(own_home: Path, folder: Path, starter: Encoder) -> Iterator[Services]:
    opened = Services(load_settings())
    opened.library.encoder = starter
    ingest(opened.library, add_folder(opened.library.catalog, folder)[0])
    yield opened
    opened.library.close()


@pytest.fixture
def ids(services: Services, folder: Path) -> dict[str, int]:
    """The id of each picture, by its file name."""
    from app.photos import find_photo

    found = {path.name: find_photo(services.library, str(path)) for path in folder.rglob("*.*")}
    return {name: photo.id for name, photo in found.items() if photo is not None}
