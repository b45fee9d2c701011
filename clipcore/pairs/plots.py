"""The plots of a data card."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from clipcore.pairs.parts import writing

if TYPE_CHECKING:
    from clipcore.pairs.card import StageReport, Statistics


def draw_plots(out: Path, statistics: Statistics, stages: Sequence[StageReport]) -> list[Path]:
    """PNGs in a folder: counts per query before and after, words in a caption, sizes, reasons of removal."""
    from matplotlib.figure import Figure

    drawn: list[Path] = []
    for name, draw in (
        ("pairs-per-query", _queries),
        ("caption-words", _words),
        ("sizes", _sizes),
        ("left-out", _reasons),
    ):
        figure = Figure(figsize=(7, 4), layout="constrained")
        if draw(figure.add_subplot(), statistics, stages):
            path = out / f"{name}.png"
            with writing(path) as temporary:
                figure.savefig(temporary, format="png", dpi=110)
            drawn.append(path)
    return drawn


def _queries(axes: Any, statistics: Statistics, stages: Sequence[StageReport]) -> bool:
    for label, counts in (("before balancing", statistics.before), ("in the shards", statistics.after)):
        ranked = np.sort(counts[counts > 0])[::-1]
        if len(ranked):
            axes.plot(np.arange(1, len(ranked) + 1), ranked, label=label, linestyle="-" if not axes.lines else "--")
    if not axes.lines:
        return False
    axes.set(xscale="log", yscale="log", xlabel="queries, the most frequent first", ylabel="pairs")
    axes.legend()
    return True


def _words(axes: Any, statistics: Statistics, stages: Sequence[StageReport]) -> bool:
    axes.hist(statistics.words, bins=np.arange(0.5, min(int(statistics.words.max(initial=1)), 80) + 1.5))
    axes.set(xlabel="words in the first caption", ylabel="pairs")
    return len(statistics.words) > 0


def _sizes(axes: Any, statistics: Statistics, stages: Sequence[StageReport]) -> bool:
    known = statistics.widths > 0
    if not known.any():
        return False
    sides = np.concatenate([statistics.widths[known], statistics.heights[known]])
    edges = np.geomspace(sides.min() / 1.1, sides.max() * 1.1, 40)
    axes.hist2d(statistics.widths[known], statistics.heights[known], bins=edges, cmin=1, norm="log")
    axes.set(xscale="log", yscale="log", xlabel="width, pixels", ylabel="height, pixels")
    return True


def _reasons(axes: Any, statistics: Statistics, stages: Sequence[StageReport]) -> bool:
    reasons = [(f"{stage.name}: {why}", n) for stage in stages for why, n in stage.counted.skipped.counts.items()]
    axes.bar_label(axes.barh([why for why, _ in reasons][::-1], [count for _, count in reasons][::-1]), padding=3)
    axes.set(xlabel="pairs left out")
    axes.margins(x=0.15)
    return bool(reasons)
