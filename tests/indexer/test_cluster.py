"""Ingest over Ray on this machine, taken in by import, against an ordinary run over the same pictures."""

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from indexer import cluster_plan
from indexer.catalog import Content, Photo, PhotoMetadata, Vector
from indexer.cluster import Report, run_cluster
from indexer.cluster_plan import Job
from indexer.cluster_worker import PartEncoder
from indexer.errors import FolderError
from indexer.folders import add_folder
from indexer.ingest import ingest
from indexer.library import Library
from indexer.parquet import read_manifest
from indexer.settings import load_settings
from indexer.sources import Source
from indexer.take_in import import_library
from tests.conftest import paint


@pytest.fixture
def photos(folder: Path) -> Path:
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff no picture")
    (folder / "copy.png").write_bytes((folder / "b.png").read_bytes())
    (folder / ".hidden.png").write_bytes((folder / "b.png").read_bytes())
    (folder / "notes.txt").write_text("no picture")
    return folder


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same work without Ray around it, which takes ten seconds to start; one test below has Ray."""

    def encode(job: Job, parts: list[int], *_: object) -> Iterator[dict[str, int]]:
        worker = PartEncoder(job)
        try:
            yield from (worker({"part": part}) for part in parts)
        finally:
            worker.close()

    monkeypatch.setattr("indexer.cluster._encode_parts", encode)


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_plan, "FILES_A_PART", 2)


def content(library: Library) -> dict[str, tuple[object, ...]]:
    """What a library knows of each path."""
    query = (
        select(Photo, Content, Vector.data, PhotoMetadata)
        .outerjoin(Content, Content.id == Photo.content_id)
        .outerjoin(Vector, Vector.content_id == Content.id)
        .outerjoin(PhotoMetadata, PhotoMetadata.photo_id == Photo.id)
    )
    with library.catalog.reading() as session:
        return {
            photo.path: (
                (photo.size, photo.mtime_ns, photo.state, photo.error),
                of and (of.sha256, of.width, of.height, of.format, of.kind, of.taken_at),
                data,
                metadata and (metadata.taken_at, metadata.taken_at_source, metadata.version),
            )
            for photo, of, data, metadata in session.execute(query)
        }


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning:ray", "ignore::ResourceWarning", "ignore::FutureWarning:ray")
def test_over_ray_it_is_what_an_ordinary_run_makes(library: Library, photos: Path, tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="Ray is not installed: requirements-cluster.txt")
    heard: list[Report] = []
    report = run_cluster(library, str(photos), tmp_path / "out", workers=1, progress=heard.append)
    assert (report.total, report.done, report.failed) == (7, 7, 1)
    taken = import_library(library, tmp_path / "out")
    assert (taken.photos, taken.contents, taken.vectors) == (7, 5, 5)

    ordinary = Library(load_settings(home=tmp_path / "ordinary", batch_size=4))
    ingest(ordinary, add_folder(ordinary.catalog, photos)[0])
    assert content(library) == content(ordinary)
    for sha256 in {path.stem for path in (tmp_path / "ordinary" / "thumbnails").rglob("*.webp")}:
        assert library.thumbnails.path(sha256).read_bytes() == ordinary.thumbnails.path(sha256).read_bytes()
    again = ingest(library, add_folder(library.catalog, photos)[0])
    assert again.nothing_to_do
    ordinary.close()


@pytest.mark.usefixtures("in_this_process", "small_parts")
def test_a_run_that_was_stopped_goes_on(
    library: Library, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []
    encode = PartEncoder.__call__

    def until_the_third(self: PartEncoder, row: dict[str, int]) -> dict[str, int]:
        if len(made) == 2:
            raise KeyboardInterrupt
        made.append(row["part"])
        return encode(self, row)

    monkeypatch.setattr(PartEncoder, "__call__", until_the_third)
    with pytest.raises(KeyboardInterrupt):
        run_cluster(library, str(photos), tmp_path / "out")
    assert not (tmp_path / "out" / "manifest.json").exists()
    paint(photos / "later.png", 50)  # belongs to another run
    monkeypatch.setattr(PartEncoder, "__call__", encode)
    heard: list[int] = []
    report = run_cluster(library, str(photos), tmp_path / "out", progress=lambda report: heard.append(report.done))
    assert heard == [4, 6, 7]
    assert report.total == 7
    assert import_library(library, tmp_path / "out").photos == 7


def _encode_small_parts(job: Job) -> None:
    cluster_plan.FILES_A_PART = 2
    worker = PartEncoder(job)
    for part in range(job.count()):
        worker({"part": part})


@pytest.mark.usefixtures("small_parts")
def test_a_kill_leaves_whole_parts_only(library: Library, photos: Path, tmp_path: Path) -> None:
    job = Job(Source.of(str(photos)), tmp_path / "out", library.settings)
    job.make_plan(library.encoder.fingerprint)

    # not a fork: this process has threads by now, and what they hold would stay held
    process = multiprocessing.get_context("spawn").Process(target=_encode_small_parts, args=(job,))
    process.start()
    deadline = time.monotonic() + 120
    while not job.table("photos", 0).exists() and time.monotonic() < deadline and process.is_alive():
        time.sleep(0.001)
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()
    done = [part for part in range(job.count()) if job.table("photos", part).exists()]
    assert done[0] == 0
    assert all(
        job.table(name, part).exists()
        for part in done
        for name in ("contents", f"vectors/{library.encoder.fingerprint}")
    )


@pytest.mark.usefixtures("in_this_process")
def test_object_storage_is_read_through_fsspec(library: Library, photos: Path, tmp_path: Path) -> None:
    fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed: requirements-cluster.txt")
    fsspec.filesystem("memory").put(str(photos), "/bucket/photos", recursive=True)
    report = run_cluster(library, "memory://bucket/photos", tmp_path / "out")
    assert (report.total, report.failed) == (7, 1)
    import_library(library, tmp_path / "out", moved={"/memory/bucket/photos": str(photos)})
    ordinary = Library(load_settings(home=tmp_path / "ordinary", batch_size=4))
    ingest(ordinary, add_folder(ordinary.catalog, photos)[0])
    assert content(library).keys() == content(ordinary).keys()
    for path, known in content(library).items():
        assert known[1:3] == content(ordinary)[path][1:3]
    ordinary.close()


@pytest.mark.usefixtures("in_this_process")
def test_the_manifest_vouches_for_every_part(library: Library, photos: Path, tmp_path: Path) -> None:
    run_cluster(library, str(photos), tmp_path / "out")
    manifest = read_manifest(tmp_path / "out")
    assert manifest.rows_of("photos") == 7
    assert manifest.rows_of(f"vectors/{library.encoder.fingerprint}") == manifest.rows_of("contents") == 5
    assert [encoder.dim for encoder in manifest.encoders] == [library.encoder.dim]


@pytest.mark.usefixtures("in_this_process")
def test_a_folder_of_another_run_is_refused(library: Library, photos: Path, tmp_path: Path) -> None:
    run_cluster(library, str(photos), tmp_path / "out")
    with pytest.raises(FolderError, match="was begun with source .*: expected another --out"):
        run_cluster(library, str(photos / "sub"), tmp_path / "out")


@pytest.mark.parametrize("source", ["/nowhere", "memory://nowhere", "nosuch://bucket"])
def test_a_source_that_is_not_there_is_said(library: Library, tmp_path: Path, source: str) -> None:
    with pytest.raises(FolderError, match="nowhere|nosuch"):
        run_cluster(library, source, tmp_path / "out")


def test_sources_are_named_as_files_are() -> None:
    assert Source.of("s3://bucket/photos/").folder == "/s3/bucket/photos"
    assert Source.of("s3://bucket/photos").url_of("/s3/bucket/photos/a.jpg") == "s3://bucket/photos/a.jpg"
    assert Source.of("file:///photos").folder == "/photos"
    assert np.all([Source.of(name).protocol == "" for name in ("photos", "/photos", "file:///photos")])
