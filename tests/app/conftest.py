"""A library with five pictures for each test that asks for it: a copy of one that is indexed once for all."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.services import Services
from clipcore.agreement import check_set
from clipcore.encoder import Encoder
from indexer.folders import add_folder
from indexer.ingest import ingest
from indexer.library import Library
from indexer.settings import Settings, load_settings
from tests.conftest import paint_five


@dataclass(frozen=True)
class Five:
    """The five pictures, where each test has its copy of them, and a data folder in which they are indexed there."""

    pictures: Path
    place: Path
    home: Path


@pytest.fixture(scope="session")
def five(tmp_path_factory: pytest.TempPathFactory, starter: Encoder) -> Five:
    root = tmp_path_factory.mktemp("five")
    made = Five(paint_five(root / "pictures"), root / "photos", root / "home")
    shutil.copytree(made.pictures, made.place)
    index(load_settings(home=made.home, database_url=f"sqlite:///{made.home}/catalog.sqlite3"), made.place, starter)
    shutil.rmtree(made.place)
    return made


def index(settings: Settings, folder: Path, starter: Encoder) -> None:
    library = Library(settings)
    library.encoder = starter
    ingest(library, add_folder(library.catalog, folder)[0])
    library.close()


@pytest.fixture
def folder(five: Five) -> Iterator[Path]:
    """The five pictures, in the same place and of the same times in every test: a catalog knows photos by these."""
    yield shutil.copytree(five.pictures, five.place)
    shutil.rmtree(five.place, ignore_errors=True)  # the test may have moved it


@pytest.fixture
def services(
    request: pytest.FixtureRequest, own_home: Path, database: str | None, folder: Path, five: Five, starter: Encoder
) -> Iterator[Services]:
    if database or "five_subjects" in request.fixturenames:
        index(load_settings(), folder, starter)
    else:
        shutil.copytree(five.home, own_home, dirs_exist_ok=True)
    opened = Services(load_settings())
    opened.library.encoder = starter
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
