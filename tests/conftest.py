"""What the tests share: which of them run, pictures made on the spot, and a library in a folder of its own."""

import os

if "PYTEST_XDIST_WORKER" in os.environ:  # a worker for each core: read when numpy and torch are imported, below
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("SIGHTLINE_DECODE_WORKERS", "1")  # starting one takes longer than a test's few pictures

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clipcore import load_encoder
from clipcore.encoder import Encoder
from indexer.library import Library
from indexer.settings import load_settings
from tests.postgres import PostgresServer

RUN_ALL = bool(os.environ.get("SIGHTLINE_TEST_ALL"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("slow") and not RUN_ALL:
            item.add_marker(pytest.mark.skip(reason="slow: run by make test-all"))
        if item.get_closest_marker("gpu") and not (RUN_ALL and shutil.which("nvidia-smi")):
            item.add_marker(pytest.mark.skip(reason="needs a CUDA device: run by make test-all"))


on_both_databases = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, database: str | None) -> Path:
    """No test sees the user's own library or configuration."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("SIGHTLINE_HOME", str(home))
    monkeypatch.delenv("SIGHTLINE_DATABASE_URL", raising=False)
    if database:
        monkeypatch.setenv("SIGHTLINE_DATABASE_URL", database)
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "cache"))  # what is exported there is gone with the test
    return home


@pytest.fixture
def database(request: pytest.FixtureRequest) -> str | None:
    """The URL of an empty PostgreSQL database for a test marked `on_both_databases`; None means SQLite in its home."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return None
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return server.new_database()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A real PostgreSQL of this test run's own; skips where none can be started."""
    try:
        server = PostgresServer.start()
    except Exception as error:
        pytest.skip(f"no PostgreSQL can be started here: {error}")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def starter() -> Encoder:
    """The starter encoder, loaded once for all tests: two hundred of them would fill the memory."""
    return load_encoder("starter")


@pytest.fixture
def library(own_home: Path, starter: Encoder) -> Iterator[Library]:
    opened = Library(load_settings(batch_size=4))
    opened.encoder = starter
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def tiny_encoders(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Two exported CLIPs of the paper's shape with random weights: they cost nothing and have nothing in common."""
    import torch

    from clipcore.architectures import Architecture, TextShape, ViTShape
    from clipcore.clip import CLIP
    from clipcore.export import export_clip
    from clipcore.preprocess import Preprocessing

    def export(seed: int, dim: int) -> Path:
        vision = ViTShape(image_size=32, patch_size=16, width=64, layers=1, heads=2, mlp_width=128)
        shape = Architecture("tiny", dim, vision, TextShape(width=32, layers=1, heads=2), activation="gelu")
        torch.manual_seed(seed)
        clip = CLIP(shape).eval().requires_grad_(False)
        return export_clip(clip, Preprocessing(size=32), tmp_path_factory.mktemp("tiny") / f"{seed}", "tiny").folder

    return str(export(0, 32)), str(export(1, 48))


def paint(path: Path, seed: int = 0, size: tuple[int, int] = (96, 64), **options: object) -> Path:
    """A picture that no other seed gives: coloured blocks, in the format its suffix names."""
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, 256, (4, 6, 3), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(blocks).resize(size, Image.Resampling.NEAREST).save(path, **options)
    return path


Paint = Callable[..., Path]


def paint_five(root: Path) -> Path:
    """A folder of five pictures: a.jpg, b.png, c.webp, sub/d.jpg, sub/deep/e.png."""
    for seed, name in enumerate(("a.jpg", "b.png", "c.webp", "sub/d.jpg", "sub/deep/e.png")):
        paint(root / name, seed)
    return root


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Those five pictures, in a folder of the test's own."""
    return paint_five(tmp_path / "photos")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Makes file systems of a given size in memory; skips where mounting is not allowed."""
    mounted: list[Path] = []

    def make(size: str) -> Path:
        path = tmp_path / f"disk{len(mounted)}"
        path.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(path)]
        if shutil.which("mount") is None or subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("mounting a small disk is not allowed here")
        mounted.append(path)
        return path

    yield make
    for path in mounted:
        subprocess.run(["umount", "-l", str(path)], check=True)
