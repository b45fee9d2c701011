import threading
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli import main
from indexer.control import cancel, pause, resume
from indexer.folders import add_folder
from indexer.ingest import Report, ingest
from indexer.library import Library
from indexer.settings import load_settings
from tests.conftest import on_both_databases


class Run(threading.Thread):
    """A pass in a thread, with a catalog of its own, as another process has."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self.paused = threading.Event()
        self.began = threading.Event()
        self.may_go = threading.Event()
        self.report: Report | None = None

    def run(self) -> None:
        library = Library(load_settings(batch_size=2))
        self.report = ingest(library, add_folder(library.catalog, self._folder)[0], progress=self._hear)
        library.close()

    def _hear(self, report: Report) -> None:
        if report.paused:
            self.paused.set()
        if report.done:
            self.began.set()
            self.may_go.wait(60)


@pytest.fixture
def running(library: Library, folder: Path) -> Run:
    run = Run(folder)
    run.start()
    assert run.began.wait(120)
    return run


@on_both_databases
def test_a_run_is_paused_and_resumed_from_elsewhere(library: Library, running: Run) -> None:
    pause(library.catalog)
    running.may_go.set()
    assert running.paused.wait(60)
    time.sleep(1)
    assert running.is_alive() and running.report is None
    resume(library.catalog)
    running.join(120)
    assert running.report is not None
    assert (running.report.indexed, running.report.cancelled, running.report.paused) == (5, False, False)


@on_both_databases
def test_a_run_is_cancelled_from_elsewhere_and_the_next_one_goes_on(
    library: Library, folder: Path, running: Run
) -> None:
    pause(library.catalog)
    running.may_go.set()
    assert running.paused.wait(60), "paused runs are cancelled too"
    cancel(library.catalog)
    running.join(120)
    assert running.report is not None
    assert (running.report.indexed, running.report.cancelled) == (2, True)
    resume(library.catalog)
    report = ingest(library, add_folder(library.catalog, folder)[0])
    assert (report.indexed, report.unchanged, report.cancelled) == (3, 2, False)


def test_the_commands(library: Library, folder: Path) -> None:
    run = CliRunner()
    assert "paused" in run.invoke(main, ["pause"], catch_exceptions=False).stderr
    assert "indexing is paused" in run.invoke(main, ["status"], catch_exceptions=False).stdout
    assert run.invoke(main, ["resume"], catch_exceptions=False).exit_code == 0
    assert "paused" not in run.invoke(main, ["status"], catch_exceptions=False).stdout
    assert run.invoke(main, ["cancel"], catch_exceptions=False).exit_code == 0
    assert run.invoke(main, ["index", str(folder)], catch_exceptions=False).exit_code == 0
    assert f"sightline resume {folder}" in run.invoke(main, ["pause", str(folder)], catch_exceptions=False).stderr
    assert f"{folder}  5 photos, 0 missing, 0 unreadable  (paused)" in run.invoke(main, ["status"]).stdout
    (folder / "a.jpg").unlink()
    assert f"is paused: sightline resume {folder}" in run.invoke(main, ["index"], catch_exceptions=False).stderr
    assert "no longer paused" in run.invoke(main, ["resume", f"{folder}/"], catch_exceptions=False).stderr
    assert "1 missing" in run.invoke(main, ["index"], catch_exceptions=False).stderr
    unknown = run.invoke(main, ["pause", str(folder / "sub")])
    assert (unknown.exit_code, unknown.stderr.count("\n")) == (2, 1) and "not an indexed folder" in unknown.stderr
