"""Pictures of a measurement: recall against k, the confusion matrix, and accuracy against images processed."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_NAMED = 60  # classes beyond which their names would overlap


def recall_chart(curves: Mapping[str, tuple[Sequence[float], Sequence[float]]], path: Path) -> None:
    """Recall@k against k, from 1 on: a line for each direction, and a dotted one for what chance would reach."""
    figure = blank_figure(7, 4.5)
    axes = figure.subplots()
    for i, (name, (recall, by_chance)) in enumerate(curves.items()):
        axes.plot(range(1, len(recall) + 1), recall, color=f"C{i}", label=name)
        axes.plot(range(1, len(by_chance) + 1), by_chance, color=f"C{i}", linestyle=":", linewidth=1, label="by chance")
    axes.set(xlabel="k", ylabel="recall@k", xscale="log", ylim=(0, 1))
    axes.set_xticks([k for k in (1, 2, 5, 10, 20, 50, 100) if k <= axes.get_xlim()[1]], minor=False)
    axes.xaxis.set_major_formatter(lambda k, _: f"{k:g}")
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    axes.legend(loc="upper left", frameon=False)
    save_figure(figure, path)


def confusion_chart(confusion: NDArray[np.int64], names: Sequence[str], path: Path) -> None:
    """What share of each class (a row) was taken for which (a column)."""
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    shown = list(names) if len(names) <= MOST_NAMED else []
    side = 3 + 0.22 * len(shown) if shown else 6
    figure = blank_figure(side + 1, side)
    axes = figure.subplots()
    drawn = axes.imshow(shares, vmin=0, vmax=1, cmap="Blues", interpolation="nearest")
    figure.colorbar(drawn, label="share of the class", fraction=0.046)
    axes.set(xlabel="taken for", ylabel="class")
    axes.set_xticks(range(len(shown)), shown, rotation=90, fontsize=8, parse_math=False)
    axes.set_yticks(range(len(shown)), shown, fontsize=8, parse_math=False)
    save_figure(figure, path)


def efficiency_chart(lines: Mapping[str, Sequence[tuple[int, float]]], by_chance: float, path: Path) -> None:
    """Zero-shot accuracy against images processed, on a log scale: a line for each objective (the paper's figure 2)."""
    figure = blank_figure(7, 4.5)
    axes = figure.subplots()
    for i, (name, points) in enumerate(lines.items()):
        images, accuracy = zip(*points, strict=True)
        axes.plot(images, [100 * share for share in accuracy], color=f"C{i}", marker="o", label=name)
    axes.axhline(100 * by_chance, color="grey", linestyle=":", linewidth=1, label="by chance")
    axes.set(xlabel="images processed", ylabel="zero-shot accuracy, %", xscale="log")
    axes.set_xticks([n for n, _ in max(lines.values(), key=len)], minor=False)
    axes.xaxis.set_major_formatter(lambda n, _: _short(n))
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    save_figure(figure, path)


def _short(count: float) -> str:
    """384, 12.8k, 3.2M."""
    if count < 1000:
        return f"{count:.0f}"
    return f"{count / 1e3:.3g}k" if count < 1e6 else f"{count / 1e6:.3g}M"


def blank_figure(width: float, height: float) -> "Figure":
    """In inches; without pyplot, so that nothing is kept and no display is looked for."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def save_figure(figure: "Figure", path: Path) -> None:
    """As a PNG."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")  # a box in its place will do
        figure.savefig(path, dpi=150)
