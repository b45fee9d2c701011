"""A run as one page, ``report.html`` and the PNGs beside it: its metrics, and what it found before and after."""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from clipcore.evaluation.charts import blank_figure, save_figure
from clipcore.preprocess import Pixels
from clipcore.training.board import METRICS, read_metrics
from clipcore.training.held_out import HeldOutPairs
from clipcore.training.recipe import Recipe

PAGE = "report.html"
SMOOTHED = 50  # steps that the loss's line is the mean of, at most
GAP = 4  # pixels between pictures of a grid

Lines = Sequence[Mapping[str, Any]]

_HEAD = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src 'self'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }}
img {{ max-width: 100%; height: auto; background: #fff; }}
table {{ border-collapse: collapse; }} td, th {{ padding: .2rem .8rem .2rem 0; text-align: left; }}
details {{ margin: 1rem 0; }}
</style>
<h1>{title}</h1>
"""


def write_page(out: Path, recipe: Recipe, held_out: HeldOutPairs | None, before: Any, after: Any) -> Path:
    """Writes the page of the run in `out`; it can be opened where it lies.

    Args:
        before: int (captions, pictures), what each of `held_out.shown` found first when the run began; None without.
        after: the same, now.
    """
    lines = read_metrics(out / METRICS)
    steps = [line for line in lines if line["kind"] == "step"]
    parts = [_HEAD.format(title=escape(f"{out.name}: {recipe.shape.name}")), _summary(steps, recipe)]
    if steps:
        _loss_chart(steps, out / "loss.png")
        _lines_chart(steps, "logit_scale", "scale of the logits (1 / temperature)", out / "temperature.png")
        _lines_chart(steps, "learning_rate", "learning rate", out / "schedule.png")
        parts += [
            _image("loss.png", "Loss"),
            _image("temperature.png", "Temperature"),
            _image("schedule.png", "Schedule"),
        ]
    measured = [line for line in lines if line["kind"] != "step"]
    if measured:
        _measured_chart(measured, out / "measured.png")
        parts += [_image("measured.png", "Held out"), _table(measured)]
    if held_out is not None and before is not None and after is not None:
        parts.append(_grids(out, held_out, np.asarray(before), np.asarray(after)))
    rows = "".join(f"<tr><td>{escape(k)}<td>{escape(str(v))}" for k, v in recipe.to_mapping().items())
    parts.append(f"<details><summary>The recipe</summary><table>{rows}</table></details>")
    (out / PAGE).write_text("\n".join(parts) + "\n", "utf-8")
    return out / PAGE


def _summary(steps: Lines, recipe: Recipe) -> str:
    if not steps:
        return ""
    last = steps[-1]
    rate = float(np.median([line["samples_per_second"] for line in steps]))
    waiting = float(np.median([line["data_share"] for line in steps]))
    return (
        f"<p>{last['step']:,} steps of {recipe.batch_size:,} pairs ({last['epoch']:.2f} passes); {rate:,.0f} pairs a "
        f"second, {waiting:.0%} of the time waiting for data; the loss went from {steps[0]['loss']:.3f} to "
        f"{last['loss']:.3f}.</p>"
    )


def _image(name: str, title: str) -> str:
    return f'<h2>{escape(title)}</h2><img src="{name}" alt="{escape(title)}">'


def _loss_chart(steps: Lines, path: Path) -> None:
    figure = blank_figure(8, 4)
    axes = figure.subplots()
    at, loss = [line["step"] for line in steps], np.array([line["loss"] for line in steps])
    window = min(SMOOTHED, max(1, len(loss) // 10))
    axes.plot(at, loss, color="C0", alpha=0.25, linewidth=1)
    axes.plot(at[window - 1 :], np.convolve(loss, np.ones(window) / window, "valid"), color="C0", label="loss")
    if "chance" in steps[0]:
        axes.axhline(steps[0]["chance"], color="grey", linestyle=":", label="ln N: guessing")
    axes.set(xlabel="step", ylabel="loss", ylim=(0, None))
    axes.legend(frameon=False)
    save_figure(figure, path)


def _lines_chart(steps: Lines, name: str, label: str, path: Path) -> None:
    figure = blank_figure(8, 3)
    axes = figure.subplots()
    axes.plot([line["step"] for line in steps], [line[name] for line in steps])
    axes.set(xlabel="step", ylabel=label)
    save_figure(figure, path)


def _measured_chart(measured: Lines, path: Path) -> None:
    """Recall and accuracy of every set; the losses stand in the table."""
    figure = blank_figure(8, 4)
    axes = figure.subplots()
    for kind in dict.fromkeys(line["kind"] for line in measured):
        of_kind = [line for line in measured if line["kind"] == kind]
        for name in (name for name in of_kind[0] if name.endswith(("@1", "@10")) or name == "zero_shot"):
            axes.plot([line["step"] for line in of_kind], [line[name] for line in of_kind], label=f"{kind} {name}")
    axes.set(xlabel="step", ylabel="share", ylim=(0, 1))
    axes.legend(frameon=False, fontsize=8)
    save_figure(figure, path)


def _table(measured: Lines) -> str:
    """Each set's first and last measurement."""
    rows = []
    for kind in dict.fromkeys(line["kind"] for line in measured):
        of_kind = [line for line in measured if line["kind"] == kind]
        for name in of_kind[0]:
            if name not in ("step", "kind"):
                rows.append(f"<tr><td>{kind} {name}<td>{of_kind[0][name]:.4g}<td>{of_kind[-1][name]:.4g}")
    return f"<table><tr><th><th>before<th>after{''.join(rows)}</table>"


def _grids(out: Path, held_out: HeldOutPairs, before: Any, after: Any) -> str:
    """What a few held-out captions find first, before and after: a picture of each."""
    parts = ["<h2>Retrieval, before and after</h2>"]
    pixels = held_out.held_out.pixels
    for number, caption in enumerate(held_out.shown):
        name = f"retrieval-{number}.png"
        _grid(pixels, (before[number], after[number])).save(out / name)
        own = int(held_out.owners[caption])
        places = [_place(row.tolist(), own) for row in (before[number], after[number])]
        parts.append(
            f'<h3>{escape(held_out.captions[caption])}</h3><img src="{name}" alt="first five before, first five after">'
            f"<p>Its own picture: {places[0]} before (upper row), {places[1]} after (lower row).</p>"
        )
    return "\n".join(parts)


def _place(row: list[int], own: int) -> str:
    return f"in place {row.index(own) + 1}" if own in row else "not among them"


def _grid(pixels: Pixels, rows: Sequence[Any]) -> Image.Image:
    size = pixels.shape[1]
    width = len(rows[0]) * (size + GAP) - GAP
    grid = Image.new("RGB", (width, len(rows) * (size + GAP) - GAP), "white")
    for y, row in enumerate(rows):
        for x, picture in enumerate(row):
            grid.paste(Image.fromarray(pixels[int(picture)]), (x * (size + GAP), y * (size + GAP)))
    return grid
