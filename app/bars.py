"""Bars on a terminal's stderr, of a pass over a folder or of anything that is counted; elsewhere nothing is drawn."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from indexer.ingest import Progress as Listener
from indexer.ingest import Report


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.finished_speed or task.speed or 0:.1f} files/s", style="progress.data.speed")


@contextmanager
def bar_of_pass(folder: str) -> Iterator[Listener]:
    """A listener for `ingest` that draws a bar on stderr, when that is a terminal."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[failed]}", style="yellow"),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not sys.stderr.isatty(), transient=True) as progress:
        task = progress.add_task(f"Indexing {folder}", total=None, failed="")

        def update(report: Report) -> None:
            doing = "Comparing" if report.comparing else "Indexing"
            doing = "Paused (sightline resume)" if report.paused else doing
            failed = f"{report.failures} unreadable" if report.failures else ""
            progress.update(
                task, description=f"{doing} {folder}", total=report.total, completed=report.done, failed=failed
            )

        yield update


@contextmanager
def counted(what: str) -> Iterator[Callable[[int, int], None]]:
    """A listener that is told (done, total) and draws a bar on stderr, when that is a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not sys.stderr.isatty(), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
