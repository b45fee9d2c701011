"""The first stage: sources of any kind become parts of at most `PART` pairs."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import pyarrow as pa

from clipcore.batches import batched
from clipcore.errors import PairsError
from clipcore.pairs.parts import Counted, list_parts, read_counted, table_of, write_part
from clipcore.pairs.skipped import Skipped
from clipcore.pairs.sources import Reading, open_pairs
from clipcore.pairs.stages import Stage, Workers

PART = 10_000  # pairs; what is lost at most when a stage is stopped


@dataclass(frozen=True)
class _Source:
    path: Path
    number: int
    out: Path

    def part(self, number: int) -> Path:
        return self.out / f"{self.number:05}-{number:05}.parquet"


def gather(
    sources: Sequence[Path], out: Path, reading: Reading | None = None, workers: Workers | None = None, part: int = PART
) -> Counted:
    """Reads every source into parts of `out`; one that is missing or unreadable is counted and named.

    Raises:
        PairsError: none of them could be read, or a part cannot be written.
    """
    reading = reading or Reading()
    stage = Stage("candidates", out, {"part": part, **asdict(reading)})
    jobs = [_Source(path, number, out) for number, path in enumerate(sources)]
    counted = stage.run(jobs, partial(_read, reading, part), sources, workers or Workers())
    if not counted.kept:
        reasons = "; ".join(counted.skipped.lines()) or "they are empty"
        (out / "report.json").unlink()  # another try may find them
        for path in list_parts(out):
            path.unlink()
        raise PairsError(f"no captioned picture in the sources: {reasons}")
    return counted


def _read(reading: Reading, size: int, source: _Source) -> None:
    """Reads one source from the first part that is not there yet."""
    done = 0
    while source.part(done).exists():
        if read_counted(source.part(done)).ends:
            return
        done += 1
    tables = _tables(source.path, reading, size, done)
    start = time.process_time()
    held = next(tables, None)
    while held is not None:
        table, skipped = held
        held = next(tables, None)
        counted = Counted(len(table) + skipped.total, len(table), skipped, time.process_time() - start, held is None)
        write_part(source.part(done), table, counted)
        done, start = done + 1, time.process_time()


def _tables(source: Path, reading: Reading, size: int, done: int) -> Iterator[tuple[pa.Table, Skipped]]:
    """The source after its first `done` parts, one table at least, and what was skipped before the end of each."""
    skipped = Skipped()
    held: tuple[pa.Table, Skipped] | None = None
    try:
        pairs = open_pairs(source, skipped, reading)
        for _ in islice(pairs, done * size):
            pass
        _take(skipped)
        for batch in batched(pairs, size):
            if held is not None:
                yield held
            held = table_of(batch), _take(skipped)
    except PairsError as error:
        skipped.add("sources that cannot be read", str(error))
    table, before = held or (table_of(()), Skipped())
    before.update(skipped)
    yield table, before


def _take(skipped: Skipped) -> Skipped:
    """What was counted until now; counting starts anew."""
    taken = Skipped(skipped.counts.copy(), dict(skipped.names))
    skipped.counts.clear()
    skipped.names.clear()
    return taken
