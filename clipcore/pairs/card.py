"""The data card of finished shards: what went in, what came out and why the rest did not, with plots.

``README.md`` and ``statistics.json`` stand beside the shards. Stages are found from what each says it read, so the card
needs nothing but the shards' folder.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clipcore.pairs.balancing import count_queries
from clipcore.pairs.parts import Counted, list_parts, read_columns, writing
from clipcore.pairs.plots import draw_plots
from clipcore.pairs.queries import read_queries
from clipcore.pairs.stages import read_report, stage_parts

Counts = NDArray[np.int64]
_MOST_FREQUENT = 20


@dataclass(frozen=True)
class StageReport:
    """A stage as the card tells of it."""

    name: str
    settings: dict[str, Any]
    counted: Counted


@dataclass(frozen=True)
class Statistics:
    """What the shards hold.

    Attributes:
        pairs: pictures written.
        words: (pairs,) of the first captions; widths, heights: (pairs,) pixels.
        before, after: pairs of each query before balancing and in the shards; empty where nothing was matched.
    """

    pairs: int
    words: Counts
    widths: Counts
    heights: Counts
    before: Counts
    after: Counts


def write_card(shards: Path, queries: Path | None = None) -> Path:
    """Writes the card of the shards in a folder; gives its path.

    Raises:
        PairsError: no shards were finished there, or the card cannot be written.
    """
    stages = trace(shards / "parts")
    statistics = measure(shards)
    plots = draw_plots(shards, statistics, stages)
    told = _told(stages, statistics)
    for name, text in (
        ("statistics.json", json.dumps(told, indent=1) + "\n"),
        ("README.md", _card(stages, statistics, plots, read_queries(queries) if queries else ())),
    ):
        with writing(shards / name) as temporary:
            temporary.write_text(text, "utf-8")
    return shards / "README.md"


def trace(folder: Path) -> list[StageReport]:
    """The stages that led to a folder, the first one first."""
    stage_parts(folder)
    made_by = json.loads((folder / "stage.json").read_text())
    report = StageReport(made_by["stage"], made_by["settings"], read_report(folder))
    before = Path(made_by["inputs"][0][0]).parent if made_by["inputs"] else None
    earlier = trace(before) if before is not None and (before / "stage.json").exists() else []
    return [*earlier, report]


def measure(shards: Path) -> Statistics:
    """Counts over what was written, part by part."""
    parts = list_parts(shards / "parts")
    columns: dict[str, list[Counts]] = {name: [] for name in ("caption_words", "width", "height")}
    for table in read_columns(parts, list(columns)):
        for name, values in columns.items():
            values.append(table.column(name).fill_null(0).to_numpy().astype(np.int64))
    words, widths, heights = (np.concatenate([np.zeros(0, np.int64), *values]) for values in columns.values())
    after = count_queries(parts)
    before = _before(shards / "parts", len(after))
    return Statistics(len(words), words, widths, heights, before, after)


def _before(folder: Path, atleast: int) -> Counts:
    """What balancing counted, of all stages that led to a folder; `atleast` zeros where it did not run."""
    while (folder / "stage.json").exists():
        if (folder / "counts.npy").exists():
            counts: Counts = np.load(folder / "counts.npy")
            return np.pad(counts, (0, max(0, atleast - len(counts))))
        inputs = json.loads((folder / "stage.json").read_text())["inputs"]
        if not inputs:
            break
        folder = Path(inputs[0][0]).parent
    return np.zeros(atleast, np.int64)


def _told(stages: Sequence[StageReport], statistics: Statistics) -> dict[str, Any]:
    return {
        "pairs": statistics.pairs,
        "queries_matched": int((statistics.after > 0).sum()),
        "caption_words": _quartiles(statistics.words),
        "width": _quartiles(statistics.widths),
        "height": _quartiles(statistics.heights),
        "stages": [{"name": s.name, "settings": s.settings} | s.counted.as_json() for s in stages],
    }


def _quartiles(values: Counts) -> list[float]:
    """Least, quartiles and greatest."""
    return [float(value) for value in np.percentile(values, [0, 25, 50, 75, 100])] if len(values) else []


def _card(stages: Sequence[StageReport], statistics: Statistics, plots: Sequence[Path], queries: Sequence[str]) -> str:
    """Markdown."""
    first = stages[0].counted
    lines = [
        "# Data card",
        "",
        f"{statistics.pairs} pictures with captions in WebDataset shards, from {first.taken} candidates.",
        "Made by `python -m clipcore pairs`, which collects, filters and balances as section 2.2 of the CLIP paper",
        "(arXiv:2103.00020) does. The pictures and captions belong to whoever made them; this card grants nothing.",
        "",
        "| stage | in | out | pairs/s of CPU time |",
        "|---|---|---|---|",
    ]
    lines += [f"| {s.name} | {s.counted.taken} | {s.counted.kept} | {_rate(s.counted)} |" for s in stages]
    lines += ["", "## Settings", ""]
    lines += [f"- {s.name}: `{json.dumps(s.settings)}`" for s in stages]
    lines += ["", "## Left out", ""]
    lines += [f"- {s.name}: {line}" for s in stages for line in s.counted.skipped.lines()] or ["Nothing."]
    lines += ["", "## What is in it", ""]
    for name, values in (("words in a caption", statistics.words), ("width", statistics.widths)):
        if len(values):
            lines.append(f"- {name}: {' / '.join(f'{v:g}' for v in _quartiles(values))} (least, quartiles, greatest)")
    lines += _most_frequent(statistics, queries, stages)
    lines += ["", *(f"![{path.stem.replace('-', ' ')}]({path.name})" for path in plots), ""]
    return "\n".join(lines)


def _rate(counted: Counted) -> str:
    return f"{counted.taken / counted.seconds:.0f}" if counted.seconds else "-"


def _most_frequent(statistics: Statistics, queries: Sequence[str], stages: Sequence[StageReport]) -> list[str]:
    """A table of the queries with the most pairs; those that others drew are in the shards too."""
    found = int((statistics.after > 0).sum())
    if not found:
        return []
    lines = [f"- {found} queries match at least one pair", ""]
    lines += ["| query | pairs before | in the shards | of which it may draw |", "|---|---|---|---|"]
    most = next((s.settings["per_query"] for s in stages if s.name == "balance"), statistics.pairs)
    for number in np.argsort(-statistics.after, kind="stable")[: min(_MOST_FREQUENT, found)]:
        name = queries[number] if number < len(queries) else f"number {number}"
        before, after = statistics.before[number], statistics.after[number]
        lines.append(f"| {name} | {before} | {after} | {min(before, most)} |")
    return lines
