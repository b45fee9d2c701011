"""Measures the colours that pictures are found by, on pictures whose captions name one colour.

    python -m bench.colours fashion-sample.tar

A picture should be found by the colour that its captions name. How often another colour than that is found is told too,
without white, which catalogues photograph everything on.
"""

import argparse
import re
import sys
from collections import Counter
from pathlib import Path

from bench.figures import write_results
from clipcore.evaluation.datasets import DataSet
from indexer.colours import NAMES, colours_of
from indexer.thumbnails import SIZE


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("captioned", type=Path)
    parser.add_argument("--out", type=Path, default=Path("bench/results/colours.json"))
    options = parser.parse_args()
    if not options.captioned.is_file():
        sys.exit(f"skipped: {options.captioned} not there")
    named: Counter[str] = Counter()
    found: Counter[tuple[str, str]] = Counter()
    for example in DataSet(options.captioned):
        words = set(re.findall("[a-z]+", " ".join(example.captions).lower().replace("gray", "grey")))
        if len(said := words & set(NAMES)) != 1 or "white" in said:
            continue
        (colour,) = said
        with example.open() as image:
            image.thumbnail((SIZE, SIZE))
            bits = colours_of(image.convert("RGB"))
        named[colour] += 1
        found.update((colour, name) for place, name in enumerate(NAMES) if bits >> place & 1)
    figures: dict[str, float] = {}
    for colour, count in sorted(named.items()):
        others = {name: n for name in NAMES if name not in (colour, "white") and (n := found[name, colour])}
        right = found[colour, colour]
        figures[f"{colour}: pictures"] = count
        figures[f"{colour}: recall"] = round(right / count, 3)
        figures[f"{colour}: precision"] = round(right / max(right + sum(others.values()), 1), 3)
        seen = {name: n for name in NAMES if (n := found[colour, name]) and name != "white"}
        print(
            f"{colour:8} {count:4}  recall {right / count:.2f}  precision {figures[f'{colour}: precision']:.2f}  {seen}"
        )
    total = sum(named.values())
    figures["all: recall"] = round(sum(found[c, c] for c in named) / max(total, 1), 3)
    figures["all: precision"] = round(
        sum(found[c, c] for c in named) / max(sum(n for (_, name), n in found.items() if name != "white"), 1), 3
    )
    print(f"all {total}: recall {figures['all: recall']}, precision {figures['all: precision']}")
    write_results(options.out, figures)


if __name__ == "__main__":
    main()
