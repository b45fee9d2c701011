"""A pass over a folder, shown to someone at a terminal: a bar while it runs, a summary when it is done."""

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
def progress_bar(folder: str) -> Iterator[Listener]:
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
            doing = "Paused (sightline resume)" if report.paused else "Indexing"
            failed = f"{len(report.failed)} unreadable" if report.failed else ""
            progress.update(
                task, description=f"{doing} {folder}", total=report.total, completed=report.done, failed=failed
            )

        yield update


def summary(report: Report, seconds: float) -> str:
    """What a pass did, in a line or a few."""
    if report.offline:
        return f"{report.folder} is not there, or empty: its photos are kept. If you emptied it, add --accept-missing"
    lines = [f"{report.folder}: {counts_of(report)} ({seconds:.1f} s)"]
    lines += [f"  could not list {folder}: {reason}" for folder, reason in report.unreadable.items()]
    lines += [f"  could not read {path}: {reason}" for path, reason in report.failed[:10]]
    if len(report.failed) > 10:
        lines.append(f"  and {len(report.failed) - 10:,} more; all of them: sightline status --failures")
    return "\n".join(lines)


def counts_of(report: Report) -> str:
    """What a pass did, as a list of counts."""
    if not (report.done or report.missing or report.excluded or report.returned or report.unchanged):
        return "no photos found"
    if report.nothing_to_do:
        return f"nothing to do, {report.unchanged:,} photos unchanged"
    named = {
        "indexed": report.indexed,
        "moved": report.moved,
        "with known content": report.known,
        "described anew": report.described,
        "back again": report.returned,
        "missing": report.missing,
        "left out": report.excluded,
        "unreadable": len(report.failed),
        "unchanged": report.unchanged,
    }
    counts = ", ".join(f"{count:,} {name}" for name, count in named.items() if count)
    return f"{counts}; cancelled, {report.total - report.done:,} still to read" if report.cancelled else counts


@contextmanager
def counted(what: str) -> Iterator[Callable[[int, int], None]]:
    """A listener that is told (done, total) and draws a bar on stderr, when that is a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not sys.stderr.isatty(), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
