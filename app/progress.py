"""A pass over a folder, shown to someone at a terminal: a bar while it runs, a summary when it is done."""

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from app.counts import count_of
from indexer.ingest import Progress as Listener
from indexer.ingest import Report


@contextmanager
def progress_bar(folder: str) -> Iterator[Listener]:
    """A listener for `ingest` that draws a bar on stderr, when that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda report: None
        return
    from app.bars import bar_of_pass

    with bar_of_pass(folder) as listener:
        yield listener


def summary(report: Report, seconds: float, below: str = "") -> str:
    """What a pass did, in a line or a few; `below`: it looked at this part of its folder alone."""
    if report.held:
        return f"{report.folder} is paused: sightline resume {shlex.quote(str(report.folder))}, or on the library page"
    if report.offline:
        return f"{report.folder} is not there, or empty: its photos are kept. If you emptied it, add --accept-missing"
    lines = [f"{below or report.folder}: {counts_of(report)} ({seconds:.1f} s)"]
    lines += [f"  could not list {folder}: {reason}" for folder, reason in report.unreadable.items()]
    told = report.failed[:10]
    lines += [f"  could not read {path}: {reason}" for path, reason in told]
    if report.failures > len(told):
        lines.append(f"  and {report.failures - len(told):,} more; all of them: sightline status --failures")
    return "\n".join(lines)


def counts_of(report: Report) -> str:
    """What a pass did, as a list of counts."""
    if not (report.done or report.missing or report.excluded or report.returned or report.unchanged):
        return "no photos found"
    if report.nothing_to_do:
        return f"nothing to do, {count_of(report.unchanged, 'photo')} unchanged"
    named = {
        "indexed": report.indexed,
        "moved": report.moved,
        "with known content": report.known,
        "described anew": report.described,
        "back again": report.returned,
        "missing": report.missing,
        "left out": report.excluded,
        "unreadable": report.failures,
        "unchanged": report.unchanged,
    }
    counts = ", ".join(f"{count:,} {name}" for name, count in named.items() if count)
    return f"{counts}; cancelled, {report.total - report.done:,} still to read" if report.cancelled else counts
