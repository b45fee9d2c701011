"""One library with five pictures, indexed once for each test that asks for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.services import Services
from clipcore.agreement import check_set
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


FIVE_SUBJECTS = (
    "A Bouquet of Flowers",
    "Night-Shining White",
    "Piazza San Marco",
    "Portrait of a Young Man",
    "Wheat Field with",
)


def is_of_five(caption: str) -> bool:
    """Whether a painting of the check set is one of the five subjects."""
    return caption.startswith(FIVE_SUBJECTS)


@pytest.fixture
def five_subjects(folder: Path) -> None:
    """Paintings of five different things in place of the folder's pictures, which are all of coloured blocks.

    To be asked for before `services`, by `usefixtures`: where a test is about which photos show the same.
    """
    paths = sorted(path for path in folder.rglob("*.*") if path.is_file())
    subjects = [picture for picture, caption in zip(*check_set(), strict=True) if is_of_five(caption)]
    for path, picture in zip(paths, subjects, strict=True):
        picture.save(path)


@pytest.fixture
def at_large(services: Services, tmp_path: Path) -> None:
    """The other paintings, in a folder beside: photos at large, against which a score is much or little."""
    beside = tmp_path / "at-large"
    beside.mkdir()
    for number, (picture, caption) in enumerate(zip(*check_set(), strict=True)):
        if not is_of_five(caption):
            picture.save(beside / f"{number}.jpg")
    ingest(services.library, add_folder(services.library.catalog, beside)[0])


@pytest.fixture
def ids(services: Services, folder: Path) -> dict[str, int]:
    """The id of each picture, by its file name."""
    from app.photos import find_photo

    found = {path.name: find_photo(services.library, str(path)) for path in folder.rglob("*.*")}
    return {name: photo.id for name, photo in found.items() if photo is not None}
