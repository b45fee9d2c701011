"""The tables of docs/scale.md, computed from the newest figures in bench/results: python -m bench.scale

With --write it puts them into docs/scale.md. Everything that is not measured is written out below as a number with its
reason, so that whoever doubts a row can change one line and look again.
"""

import argparse
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
DOCUMENT = Path(__file__).parents[1] / "docs" / "scale.md"
SIZES = (10**6, 10**7, 10**8, 10**9)

DIM = 512
ORIGINAL_BYTES = 4_000_000  # a 12-megapixel JPEG
CATALOG_BYTES = 650  # of SQLite a photo besides its vector: 480 in bench.opening, and what photos say of themselves
THUMBNAIL_BYTES = 15_000  # WebP, 320 pixels
ONE_BIT_BYTES = DIM / 8 + 8 + 8 + 8  # code, its two factors, id, place in a list
QDRANT_BYTES = DIM + 2 * 32 * 4 * 1.1  # in memory: 8-bit copy, a graph of 32 links both ways; half precision on disk
MACHINE = (16, 64e9)  # cores and bytes of memory of one machine in the tables
MEMORY_SHARE = 0.8  # of it for vectors


@dataclass(frozen=True)
class Rates:
    """What was measured, of one core unless it says otherwise."""

    files_12mp: float  # a second, decoded and encoded
    files_1mp: float
    build: float  # vectors a second
    search_ms: float  # of one query over a million vectors
    sources: tuple[str, ...]


def measured() -> Rates:
    """From the newest results that have each figure."""
    library, source = _newest("library", "12 MP: sightline CPU s a file")
    vectors, other = _newest("vectors", "1,000,000 ours: p50, ms")
    return Rates(
        files_12mp=1 / library["12 MP: sightline CPU s a file"],
        files_1mp=1 / library["1 MP: sightline CPU s a file"],
        build=vectors["1,000,000 build: vectors/s"],
        search_ms=vectors["1,000,000 ours: p50, ms"],
        sources=(source, other),
    )


def _newest(name: str, figure: str) -> tuple[dict[str, float], str]:
    for path in sorted(RESULTS.glob(f"*-{name}*.json"), reverse=True):
        figures: dict[str, float] = json.loads(path.read_text())["figures"]
        if figure in figures:
            return figures, path.name
    raise SystemExit(f"no bench/results/*-{name}.json has {figure!r}: run python -m bench.{name} --json there")


def tables(rates: Rates) -> str:
    """Both tables, in Markdown."""
    cores, memory = MACHINE
    bytes_ = _table(
        ["pictures", "originals", "catalog with vectors", "thumbnails", "vector snapshot", "vectors in memory"],
        [
            [
                f"{n:,}",
                _size(n * ORIGINAL_BYTES),
                _size(n * (CATALOG_BYTES + 2 * DIM)),
                _size(n * THUMBNAIL_BYTES),
                _size(n * (2 * DIM + ONE_BIT_BYTES)),
                _size(n * ONE_BIT_BYTES),
            ]
            for n in SIZES
        ],
    )
    hours = _table(
        ["pictures", "12 MP, one machine", "1 MP, one machine", "machines for 12 MP in a day", "index build", "search"],
        [
            [
                f"{n:,}",
                _hours(n / rates.files_12mp / cores),
                _hours(n / rates.files_1mp / cores),
                f"{ceil(n / rates.files_12mp / cores / 86_400):,}",
                _hours(n / rates.build) if _fits(n) else "Qdrant's own",
                f"{rates.search_ms * n / 1e6:,.0f} ms, one core" if _fits(n) else _nodes(n),
            ]
            for n in SIZES
        ],
    )
    said = f"A machine here has {cores} cores and {memory / 1e9:.0f} GB. Measured: {', '.join(rates.sources)}."
    return f"{bytes_}\n\n{hours}\n\n{said}"


def _fits(count: int) -> bool:
    """Whether one machine holds one-bit codes in memory, and half-precision codes in its page cache or nearly so."""
    return count * (2 * DIM + ONE_BIT_BYTES) <= 2 * MEMORY_SHARE * MACHINE[1]


def _nodes(count: int) -> str:
    return f"{ceil(count * QDRANT_BYTES / MEMORY_SHARE / MACHINE[1]):,} Qdrant nodes, not measured"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---:"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _size(count: float) -> str:
    for unit in ("MB", "GB", "TB"):
        count /= 1e6 if unit == "MB" else 1e3
        if count < 1000:
            break
    return f"{count:,.3g} {unit}" if count < 1000 else f"{count:,.0f} {unit}"


def _hours(seconds: float) -> str:
    if seconds < 5_400:
        return f"{seconds / 60:,.0f} min"
    return f"{seconds / 3_600:,.0f} h" if seconds < 4 * 86_400 else f"{seconds / 86_400:,.0f} days"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="into docs/scale.md")
    text = tables(measured())
    if parser.parse_args().write:
        document = DOCUMENT.read_text("utf-8")
        filled = re.sub(r"(?s)(<!-- bench.scale -->\n).*(<!-- end -->)", lambda m: f"{m[1]}{text}\n{m[2]}", document)
        DOCUMENT.write_text(filled, "utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()
