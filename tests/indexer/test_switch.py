import gc
import os
import subprocess
import sys
import threading
import time
import weakref
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from app import services as process
from app.cli import main
from app.heap import keep_what_is_loaded
from app.query import Query
from app.services import Live, Services
from indexer.catalog import EncoderRecord, Photo, PhotoMetadata, Vector
from indexer.encoders import forget_encoder, list_encoders
from indexer.errors import SwitchError
from indexer.folders import add_folder
from indexer.follow import FollowedIndex
from indexer.ingest import ingest
from indexer.library import Library
from indexer.settings import load_settings
from indexer.switch import Build, switch_encoder
from tests.clipcore.conftest import small_architecture, small_bundle
from tests.conftest import paint

__all__ = ["small_architecture", "small_bundle"]  # fixtures


@pytest.fixture
def indexed(library: Library, folder: Path) -> Library:
    ingest(library, add_folder(library.catalog, folder)[0])
    return library


def with_encoder(library: Library, bundle: Path) -> Library:
    return Library(load_settings(encoder=str(bundle), batch_size=2), library.catalog)


def vectors(library: Library) -> dict[str, int]:
    return {encoder.name: encoder.vectors for encoder in list_encoders(library)}


def test_search_goes_on_with_the_old_encoder_until_the_new_one_is_complete(
    indexed: Library, small_bundle: Path
) -> None:
    target = with_encoder(indexed, small_bundle)
    seen: list[str] = []

    def meanwhile(build: Build) -> None:
        opened = Library(load_settings())
        seen.append(opened.encoder.name)
        assert FollowedIndex(opened).catch_up() == 5
        opened.close()

    build = switch_encoder(target, progress=meanwhile)
    assert build.switched and build.done == 5
    assert set(seen) == {"starter"}
    assert not indexed.is_current()
    opened = Library(load_settings())
    assert opened.encoder.fingerprint == target.encoder.fingerprint
    assert FollowedIndex(opened).catch_up() == 5
    assert set(vectors(opened).values()) == {5}, "the old vectors are kept"
    opened.close()


def test_switching_back_looks_at_nothing_again(indexed: Library, small_bundle: Path) -> None:
    switch_encoder(with_encoder(indexed, small_bundle))
    back = switch_encoder(Library(load_settings(encoder="starter"), indexed.catalog))
    assert back.switched and back.done == 0


def test_what_is_stopped_goes_on_from_there(indexed: Library, small_bundle: Path) -> None:
    stop = threading.Event()
    build = switch_encoder(
        with_encoder(indexed, small_bundle), progress=lambda build: stop.set() if build.done else None, stop=stop
    )
    assert (build.switched, build.done) == (False, 2)
    assert Library(load_settings(), indexed.catalog).encoder.name == "starter"
    assert switch_encoder(with_encoder(indexed, small_bundle)).done == 3


def test_photos_that_arrive_meanwhile_have_vectors_of_both(indexed: Library, folder: Path, small_bundle: Path) -> None:
    arrived = False

    def meanwhile(build: Build) -> None:
        nonlocal arrived
        if build.done and not arrived:
            arrived = True
            paint(folder / "new.png", 70)
            ingest(indexed, add_folder(indexed.catalog, folder)[0])

    target = with_encoder(indexed, small_bundle)
    assert switch_encoder(target, progress=meanwhile).done == 6
    with indexed.catalog.reading() as session:
        new = session.execute(select(Photo.content_id).where(Photo.path.endswith("new.png"))).scalar_one()
        of_new = session.scalars(select(Vector.encoder_id).where(Vector.content_id == new)).all()
    assert set(of_new) == {indexed.encoder_id, target.encoder_id}


def test_what_a_photo_says_is_read_again_when_the_switch_met_it_changed(
    indexed: Library, folder: Path, small_bundle: Path
) -> None:
    paint(folder / "a.jpg", 90)
    os.utime(folder / "a.jpg", (1_000_000_000, 1_000_000_000))
    assert switch_encoder(target := with_encoder(indexed, small_bundle)).switched
    ingest(target, add_folder(target.catalog, folder)[0])
    with target.catalog.reading() as session:
        query = select(PhotoMetadata.taken_at).join(Photo).where(Photo.path == str(folder / "a.jpg"))
        taken_at = session.execute(query).scalar_one()
    assert taken_at is not None and taken_at.year == 2001


def test_a_photo_that_cannot_be_read_holds_the_switch_until_told(
    indexed: Library, folder: Path, small_bundle: Path
) -> None:
    (folder / "a.jpg").rename(folder / "away")
    with pytest.raises(SwitchError, match="1 photos cannot be read"):
        switch_encoder(with_encoder(indexed, small_bundle))
    assert Library(load_settings(), indexed.catalog).encoder.name == "starter"
    assert switch_encoder(with_encoder(indexed, small_bundle), leave_unreadable=True).switched


def test_the_settings_encoder_wins_over_the_librarys(indexed: Library, small_bundle: Path) -> None:
    switch_encoder(with_encoder(indexed, small_bundle))
    assert Library(load_settings(encoder="starter"), indexed.catalog).encoder.name == "starter"


def test_the_first_encoder_indexed_with_is_the_librarys(own_home: Path, folder: Path, small_bundle: Path) -> None:
    first = Library(load_settings(encoder=str(small_bundle)))
    ingest(first, add_folder(first.catalog, folder)[0])
    opened = Library(load_settings())
    assert opened.encoder.fingerprint == first.encoder.fingerprint
    assert FollowedIndex(opened).catch_up() == 5
    for library in (first, opened):
        library.close()


def test_forgetting_an_encoder_removes_its_vectors_and_never_those_in_use(indexed: Library, small_bundle: Path) -> None:
    with pytest.raises(SwitchError, match="in use"):
        forget_encoder(indexed, "starter")
    switch_encoder(with_encoder(indexed, small_bundle))
    now = Library(load_settings(), indexed.catalog)
    with pytest.raises(SwitchError, match="expected one of"):
        forget_encoder(now, "unheard-of")
    assert forget_encoder(now, "starter") == 5
    assert list(vectors(now).values()) == [5]
    with now.catalog.reading() as session:
        assert len(session.scalars(select(EncoderRecord)).all()) == 1


def test_a_running_process_goes_over_and_never_mixes(
    indexed: Library, small_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_LOOK_EVERY", 0.0)
    live = Live(Services(load_settings()))
    before = live.now()
    assert len(before.search(Query("x")).hits) == 5
    switch_encoder(with_encoder(indexed, small_bundle))
    time.sleep(0.01)
    after = live.now()
    assert after is not before
    assert after.library.encoder.fingerprint != before.library.encoder.fingerprint
    assert len(after.search(Query("x")).hits) == 5
    assert len(before.search(Query("x")).hits) == 5, "a question that was asked before is answered as it began"
    before.library.close()


def test_what_the_encoder_before_held_is_given_back(
    indexed: Library, small_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_LOOK_EVERY", 0.0)
    live = Live(Services(load_settings()))
    before = weakref.ref(live.now().search)
    keep_what_is_loaded()
    switch_encoder(with_encoder(indexed, small_bundle))
    time.sleep(0.01)
    live.now()
    gc.collect()
    assert before() is None


def test_the_commands(indexed: Library, small_bundle: Path) -> None:
    run = CliRunner()
    done = run.invoke(main, ["switch", str(small_bundle)], catch_exceptions=False)
    assert "searches use" in done.stderr and done.exit_code == 0
    lines = run.invoke(main, ["models"], catch_exceptions=False).stdout.splitlines()
    assert lines[0].startswith("* ") and "5 vectors" in lines[0]
    assert lines[1].startswith("  starter")
    assert run.invoke(main, ["models", "forget", "starter"], catch_exceptions=False).exit_code == 0
    assert len(run.invoke(main, ["models"], catch_exceptions=False).stdout.splitlines()) == 1
    assert run.invoke(main, ["switch", "no-such"], catch_exceptions=False).exit_code == 1


@pytest.mark.slow
def test_whenever_it_is_killed_it_goes_on(library: Library, tmp_path: Path, small_bundle: Path) -> None:
    root = tmp_path / "photos"
    for i in range(80):
        paint(root / f"{i:02}.png", i)
    ingest(library, add_folder(library.catalog, root)[0])
    command = [sys.executable, "-m", "app.cli", "switch", str(small_bundle)]
    environment = os.environ | {"SIGHTLINE_BATCH_SIZE": "2"}
    for seconds in (3.0, 3.5, 4.0):
        running = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        time.sleep(seconds)
        running.kill()
        running.wait()
        assert FollowedIndex(Library(load_settings())).catch_up() == 80
    assert subprocess.run(command, env=environment, check=False, stderr=subprocess.DEVNULL).returncode == 0
    assert set(vectors(Library(load_settings())).values()) == {80}
