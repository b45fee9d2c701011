"""Building a data set, stage by stage, at growing sizes: python -m bench.pairs --help

Captions are ten words drawn by Zipf's law, each with a URL, in a Parquet table; queries are words and runs of two and
three words drawn by the same law. Every stage is the command as a user runs it, in a process of its own, so that the
largest resident memory is that stage's; its time includes starting (for `match`: building the automaton of all
queries). The matching rate is measured on its own too: one process, one core, normalising included. Pictures are
measured on a folder of JPEGs, `filter` (which decodes each) and `shards` (which copies them).

    python -m bench.pairs                                  # 10,000 to 1,000,000 captions, about three minutes
    python -m bench.pairs --captions 10000 100000 1000000 10000000 --json bench/results/DATE-pairs.json
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet
from PIL import Image

from bench.figures import machine, write_results
from bench.process import Measured, measure
from clipcore.pairs.matching import Matcher
from clipcore.pairs.queries import read_queries, write_queries

WORDS = 120_000
CAPTION = 10  # words
AT_ONCE = 100_000
Figures = dict[str, float]
T = TypeVar("T")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--captions", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--queries", type=int, default=500_000)
    parser.add_argument("--pictures", type=int, default=1_000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5, help="of matching alone")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        apart(make_queries, work / "queries.txt", options.queries)
        figures = apart(matching, work / "queries.txt", options.rounds)
        for count in options.captions:
            apart(make_table, work / "captions.parquet", count)
            figures |= stages(work, count, options.workers)
        figures |= pictures(work, options.pictures, options.workers)
    print(f"\n{machine()}, {options.queries} queries, {options.workers} workers")
    for name, value in figures.items():
        print(f"{name:66} {value:12.1f}")
    if options.json:
        write_results(options.json, figures)


def apart(function: Callable[..., T], *arguments: object) -> T:
    """Calls it in a process of its own: the memory told of a command is never less than that of who started it."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


class Language:
    """Words of two to ten letters, the shorter the more frequent, drawn by Zipf's law."""

    def __init__(self) -> None:
        rng = random.Random(0)
        words = {"".join(rng.choices("etaoinshrdlucmfwyp", k=rng.randint(2, 10))) for _ in range(WORDS)}
        self.words = sorted(words, key=lambda word: (len(word) + 6 * rng.random(), word))
        shares = np.cumsum(1 / np.arange(1, len(self.words) + 1))
        self._shares = shares / shares[-1]
        self._rng = np.random.default_rng(0)

    def texts(self, count: int, length: int) -> list[str]:
        """Texts of `length` words."""
        drawn = np.searchsorted(self._shares, self._rng.random((count, length)))
        return [" ".join([self.words[number] for number in row]) for row in drawn.tolist()]

    def queries(self, count: int) -> list[str]:
        """Words, and runs of two and three, each once."""
        found = dict.fromkeys(self.words[: count // 5])
        while len(found) < count:
            found.update(dict.fromkeys([*self.texts(count // 4, 2), *self.texts(count // 12, 3)]))
        return list(found)[:count]


def make_queries(path: Path, count: int) -> None:
    write_queries(Language().queries(count), path)


def make_table(path: Path, count: int) -> None:
    """A Parquet table of captions with URLs."""
    language = Language()
    schema = pa.schema([("url", pa.string()), ("caption", pa.string())])
    with pa.parquet.ParquetWriter(path, schema) as writer:
        for start in range(0, count, AT_ONCE):
            numbers = range(start, min(start + AT_ONCE, count))
            urls = [f"https://example.org/{number}.jpg" for number in numbers]
            writer.write_table(pa.table({"url": urls, "caption": language.texts(len(numbers), CAPTION)}, schema=schema))


def matching(path: Path, rounds: int) -> Figures:
    """Captions/s of one core over all queries at once; the median of the rounds."""
    queries, language = read_queries(path), Language()
    before, start = resident(), time.process_time()
    matcher = Matcher(queries)
    built, memory = time.process_time() - start, resident() - before
    rates = []
    for _ in range(rounds):
        captions = language.texts(50_000, CAPTION)
        start = time.process_time()
        found = sum(len(matcher.match([caption])) for caption in captions)
        rates.append(len(captions) / (time.process_time() - start))
        print(f"matching {rates[-1]:.0f} captions/s, {found / len(captions):.1f} queries each", file=sys.stderr)
    return {
        "matching: captions/s of one core": float(np.median(rates)),
        "matching: automaton built, s": built,
        "matching: automaton, MB": memory / 1e6,
    }


def resident() -> int:
    """Bytes of this process in memory now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def stages(work: Path, count: int, workers: int) -> Figures:
    """Every stage that needs no pictures, over so many captions."""
    out = work / str(count)
    figures: Figures = {}
    steps: tuple[tuple[str, Path, tuple[str, ...]], ...] = (
        ("candidates", work / "captions.parquet", ()),
        ("filter", out / "candidates", ()),
        ("deduplicate", out / "filter", ("--by", "text")),
        ("match", out / "deduplicate", ("--queries", str(work / "queries.txt"))),
        ("balance", out / "match", ()),
    )
    for name, source, more in steps:
        measured = step(name, source, out / name, (*more, "--workers", str(workers)))
        figures |= told(f"{count} captions: {name}", count, measured)
    return figures


def pictures(work: Path, count: int, workers: int) -> Figures:
    """Filtering and writing shards of photographs' size: noise of 640 x 480 pixels, about 100 kB each."""
    folder = work / "pictures"
    apart(make_pictures, folder, count)
    figures: Figures = {}
    step("candidates", folder, work / "p" / "candidates", ())
    for name, source in (("filter", "candidates"), ("shards", "filter")):
        measured = step(name, work / "p" / source, work / "p" / name, ("--workers", str(workers)))
        figures |= told(f"{count} pictures: {name}", count, measured)
    return figures


def make_pictures(folder: Path, count: int) -> None:
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(count):
        small = rng.integers(0, 256, (60, 80, 3), dtype=np.uint8)
        Image.fromarray(small).resize((640, 480)).save(folder / f"{number}.jpg", quality=90)
        (folder / f"{number}.txt").write_text(f"picture number {number}")


def step(name: str, source: Path, out: Path, more: Sequence[str]) -> Measured:
    """One stage as a command."""
    print(f"{name} {source.name}", file=sys.stderr)
    command = [sys.executable, "-m", "clipcore", "pairs", name, str(source), *more, "--out", str(out)]
    return measure(command, {"OMP_NUM_THREADS": "1"}, Path(__file__).parents[1])


def told(what: str, count: int, measured: Measured) -> Figures:
    rates = {f"{what}, pairs/s": count / measured.wall, f"{what}, pairs/s of CPU time": count / measured.cpu}
    return rates | {f"{what}, peak MB": measured.resident / 1e6}


if __name__ == "__main__":
    main()
