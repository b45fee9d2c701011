"""How a stage runs: part by part, in this process, over several or over Ray Data, and on from where it was stopped.

A stage writes parts into a folder of its own, beside ``stage.json`` (its settings and what it read) and, once all are
there, ``report.json``. Run again with the same settings and inputs it makes the parts that are missing, or nothing;
with others, all of them anew.
"""

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet

from clipcore.errors import PairsError
from clipcore.pairs.parts import Counted, list_parts, read_counted, total, write_part, writing
from clipcore.pairs.skipped import Skipped
from clipcore.progress import Progress

Job = TypeVar("Job")
Change = Callable[[pa.Table], tuple[pa.Table, Skipped]]


@dataclass(frozen=True)
class Workers:
    """Where the parts of a stage are made: in this process, in `processes` of this machine, or over Ray Data."""

    processes: int = 1
    ray: bool = False

    def each(self, function: Callable[[Job], None], jobs: Sequence[Job]) -> Iterator[None]:
        """Does every job; gives one item as each is done."""
        if self.ray:
            from clipcore.pairs.over_ray import each

            yield from each(function, jobs)
        elif self.processes > 1 and len(jobs) > 1:
            with ProcessPoolExecutor(self.processes, mp_context=get_context("spawn")) as pool:
                yield from pool.map(function, jobs)
        else:
            yield from map(function, jobs)


@dataclass(frozen=True)
class Stage:
    """A stage and the folder of its parts.

    Attributes:
        settings: all that decides what comes out, as JSON values.
    """

    name: str
    out: Path
    settings: Mapping[str, Any]

    def run(
        self,
        jobs: Sequence[Job],
        function: Callable[[Job], None],
        inputs: Sequence[Path],
        workers: Workers,
        before: Callable[[], None] = lambda: None,
    ) -> Counted:
        """Does what is left to do and reports on all of it.

        Args:
            function: makes one or more parts of a job; those that exist are left as they are.
            before: is called first when anything is left to do; makes ``.npy`` files that the jobs read.

        Raises:
            PairsError: a part cannot be made.
        """
        self._prepare(inputs)
        report = self.out / "report.json"
        if not report.exists():
            start = time.process_time()
            before()
            spent = time.process_time() - start
            progress = Progress(f"{self.name}: part", len(jobs))
            for done, _ in enumerate(workers.each(function, jobs), 1):
                progress(done)
            counted = total(map(read_counted, list_parts(self.out)))
            counted = replace(counted, seconds=counted.seconds + spent)
            with writing(report) as temporary:
                temporary.write_text(json.dumps(counted.as_json(), indent=1))
        return read_report(self.out)

    def transform(self, source: Path, change: Change, workers: Workers) -> Counted:
        """Makes one part of each part of another stage: `change` gives the pairs to keep, and counts the others."""
        parts = stage_parts(source)
        return self.run([(part, self.out / part.name) for part in parts], partial(_change, change), parts, workers)

    def _prepare(self, inputs: Iterable[Path]) -> None:
        """Makes the folder, or clears it of what other settings or inputs made."""
        self.out.mkdir(parents=True, exist_ok=True)
        made_by = {"stage": self.name, "settings": dict(self.settings), "inputs": [_identity(path) for path in inputs]}
        manifest = self.out / "stage.json"
        text = json.dumps(made_by, indent=1)
        if manifest.exists() and manifest.read_text() == text:
            return
        if manifest.exists():
            print(f"{self.name}: settings or inputs have changed, so {self.out} is made anew", file=sys.stderr)
        elif any(path.is_file() and not path.name.startswith(".") for path in self.out.iterdir()):
            raise PairsError(f"{self.out} holds other files: expected an empty folder, or what this stage made")
        for path in (self.out / "report.json", *self.out.glob("*.npy"), *list_parts(self.out)):
            path.unlink(missing_ok=True)
        with writing(manifest) as temporary:
            temporary.write_text(text)


def stage_parts(folder: Path) -> list[Path]:
    """The parts of a finished stage.

    Raises:
        PairsError: no stage has finished there.
    """
    if not (folder / "report.json").exists():
        raise PairsError(f"{folder} holds no finished stage: run the one before again, it goes on where it stopped")
    return list_parts(folder)


def read_report(folder: Path) -> Counted:
    """What a finished stage came to."""
    return Counted.from_json(json.loads((folder / "report.json").read_text()))


def _change(change: Change, job: tuple[Path, Path]) -> None:
    source, out = job
    if out.exists():
        return
    start = time.process_time()
    table = pa.parquet.read_table(source).replace_schema_metadata(None)
    kept, skipped = change(table)
    counted = Counted(table.num_rows, kept.num_rows, skipped)
    write_part(out, kept, replace(counted, seconds=time.process_time() - start))


def _identity(path: Path) -> list[Any]:
    """What tells whether an input is still the same."""
    if not path.exists():
        return [str(path)]
    status = path.stat()
    return [str(path), status.st_size, status.st_mtime_ns]
