"""Long work in the server's process: it is done, told of, paused, ended, and stands in nobody's way."""

import time
from pathlib import Path

import pytest

from app.errors import JobError, NotFoundError, QueryError
from app.jobs import Job, Jobs, State
from app.services import Live, Services
from app.tags import list_tags
from indexer import control
from indexer.folders import add_folder
from indexer.library import Library
from indexer.settings import load_settings
from tests.conftest import paint

_PATIENCE = 60.0


@pytest.fixture
def live(services: Services) -> Live:
    return Live(services)


def until(jobs: Jobs, job: Job, *states: State) -> Job:
    """The job once it is in one of the states, or over."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        now = jobs.get(job.id)
        if now.state in states or now.state.is_over:
            return now
        time.sleep(0.02)
    raise AssertionError(f"{job.kind} is still {jobs.get(job.id)}")


def test_indexing_is_told_of_and_found_at_once(live: Live, folder: Path) -> None:
    for seed in range(50, 53):
        paint(folder / f"new-{seed}.png", seed)
    (folder / "broken.jpg").write_bytes(b"no picture")
    over = until(live.jobs, live.jobs.start("index"))
    assert (over.state, over.done, over.total, over.failed) == (State.DONE, 4, 4, 1)
    assert "3 indexed" in over.said and "1 unreadable" in over.said
    assert over.asked_at <= (over.started_at or over.asked_at) <= (over.ended_at or over.asked_at)
    assert live.now().search.settle() == 8
    paint(folder / "broken.jpg", 60)
    again = until(live.jobs, live.jobs.start("retry-failed"))
    assert (again.state, again.done, again.failed) == (State.DONE, 1, 0)
    assert [job.id for job in live.jobs.list()] == [again.id, over.id]


def test_one_folder_alone(live: Live, folder: Path, tmp_path: Path) -> None:
    paint(folder / "new.png", 50)
    paint(tmp_path / "other" / "new.png", 51)
    other = add_folder(live.now().library.catalog, tmp_path / "other")[0]
    over = until(live.jobs, live.jobs.start("index", folder_id=other.id))
    assert over.done == 1
    with pytest.raises(NotFoundError, match="no folder with id 99"):
        live.jobs.start("index", folder_id=99)


def slow(services: Services, folder: Path, count: int = 40) -> None:
    """Gives the library much to do, a picture at a time."""
    for seed in range(200, 200 + count):
        paint(folder / f"many-{seed}.png", seed)
    services.library.settings = services.library.settings.model_copy(update={"batch_size": 1})


def test_a_job_pauses_goes_on_and_is_ended(live: Live, services: Services, folder: Path) -> None:
    slow(services, folder)
    job = live.jobs.start("index")
    behind = live.jobs.start("duplicates")
    assert live.jobs.start("duplicates") == behind
    live.jobs.pause(job.id)
    paused = until(live.jobs, job, State.PAUSED)
    assert paused.state is State.PAUSED
    time.sleep(0.5)
    assert live.jobs.get(job.id).done == paused.done, "it goes on though it is paused"
    assert live.now().search.settle() >= 5, "searches go on meanwhile"
    live.jobs.resume(job.id)
    live.jobs.cancel(job.id)
    ended = until(live.jobs, job)
    assert ended.state is State.CANCELLED
    assert 0 < ended.done < 45
    assert until(live.jobs, behind).state is State.DONE
    with pytest.raises(JobError, match="is over"):
        live.jobs.pause(job.id)
    rest = until(live.jobs, live.jobs.start("index"))
    assert (rest.state, rest.total) == (State.DONE, 40 - ended.done)


def test_a_paused_job_and_a_waiting_one_can_be_ended(live: Live, services: Services, folder: Path) -> None:
    slow(services, folder)
    job, behind = live.jobs.start("index"), live.jobs.start("compact")
    live.jobs.pause(job.id)
    until(live.jobs, job, State.PAUSED)
    assert live.jobs.cancel(behind.id).state is State.CANCELLED
    live.jobs.cancel(job.id)
    assert until(live.jobs, job).state is State.CANCELLED


def test_tags_are_suggested_when_the_job_goes_on_and_not_when_it_is_ended(live: Live) -> None:
    library = live.now().library
    first, ended = (live.jobs.start("suggest-tags", threshold=sure) for sure in (0.02, 1e-3))
    live.jobs.pause(ended.id)
    over = until(live.jobs, first)
    assert (over.state, over.done, over.total) == (State.DONE, 5, 5)
    suggested = sum(tag.suggested for tag in list_tags(library))
    assert suggested > 0
    assert over.said.startswith(f"{suggested:,} suggestions for ")
    assert until(live.jobs, ended, State.PAUSED).total == 5
    live.jobs.cancel(ended.id)
    assert until(live.jobs, ended).state is State.CANCELLED
    assert sum(tag.suggested for tag in list_tags(library)) == suggested
    assert until(live.jobs, live.jobs.start("suggest-tags", threshold=1.0)).said == "0 suggestions for 0 photos"
    assert sum(tag.suggested for tag in list_tags(library)) == 0
    with pytest.raises(QueryError, match="above 0 and at most 1"):
        live.jobs.start("suggest-tags", threshold=1.5)


def test_a_library_that_is_paused_is_waited_for(live: Live, folder: Path) -> None:
    paint(folder / "new.png", 50)
    control.pause(live.now().library.catalog)
    paused = until(live.jobs, job := live.jobs.start("index"), State.PAUSED)
    assert paused.said.endswith("sightline resume")
    control.cancel(live.now().library.catalog)
    assert until(live.jobs, job).state is State.CANCELLED
    control.resume(live.now().library.catalog)
    assert until(live.jobs, live.jobs.start("index")).state is State.DONE


def test_what_goes_wrong_is_said_and_the_next_job_runs(live: Live, services: Services, folder: Path) -> None:
    for seed in range(50, 102):
        paint(folder / f"new-{seed}.png", seed)
    until(live.jobs, live.jobs.start("index"))
    for path in folder.glob("new-*.png"):
        path.unlink()
    failed, then = live.jobs.start("index"), live.jobs.start("compact")
    over = until(live.jobs, failed)
    assert over.state is State.FAILED
    assert str(folder) in over.said
    assert until(live.jobs, then).said == "57 photos in the index"
    assert until(live.jobs, live.jobs.start("index", accept_missing=True)).state is State.DONE


def test_another_encoder_takes_over(
    own_home: Path, folder: Path, tiny_encoders: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from indexer.ingest import ingest

    first = Library(load_settings(encoder=tiny_encoders[0]))
    ingest(first, add_folder(first.catalog, folder)[0])
    first.close()
    live = Live(Services(load_settings()))
    over = until(live.jobs, live.jobs.start("switch", encoder=tiny_encoders[1]))
    assert (over.state, over.done) == (State.DONE, 5), over.said
    assert live.now().library.is_current() is False or live.now().library.encoder.dim == 48
    with pytest.raises(JobError, match="expected the encoder"):
        live.jobs.start("switch")
    monkeypatch.setenv("SIGHTLINE_ENCODER", "starter")
    with pytest.raises(JobError, match="take SIGHTLINE_ENCODER"):
        Live(Services(load_settings())).jobs.start("switch", encoder="starter")
    live.now().library.close()


def test_the_server_ends_its_jobs(live: Live, services: Services, folder: Path) -> None:
    slow(services, folder)
    job = live.jobs.start("index")
    until(live.jobs, job, State.RUNNING)
    live.jobs.close()
    assert live.jobs.get(job.id).state is State.CANCELLED
    with pytest.raises(NotFoundError, match="no job with id 77"):
        live.jobs.get(77)
