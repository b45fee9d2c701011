"""What a comparison leaves behind: the efficiency figure, a table, results.json and a page with both."""

import base64
import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import Any

from clipcore.comparison.run import Curve, Point
from clipcore.evaluation.charts import efficiency_chart

Curves = Mapping[str, Curve]

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>Objectives compared</title>
<style>
body {{ font: 15px/1.4 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }}
img {{ max-width: 100%; }}
table {{ border-collapse: collapse; margin: 1rem 0; }}
th, td {{ border-bottom: 1px solid #ccc; padding: .3rem .8rem; text-align: right; }}
th:first-child, td:first-child {{ text-align: left; }}
</style>
<h1>Objectives compared</h1>
<p>{summary}</p>
<img alt="Zero-shot accuracy against images processed" src="data:image/png;base64,{chart}">
{tables}
</html>
"""


def write_report(folder: Path, curves: Curves, chance: Mapping[str, float], settings: Mapping[str, Any]) -> list[Path]:
    """Writes efficiency-QUESTIONS.png for each kind of questions, results.json and compare.html; returns what was."""
    folder.mkdir(parents=True, exist_ok=True)
    charts = []
    for name, guessed in chance.items():
        lines = {objective: [(p.images, p.accuracy[name]) for p in c.points] for objective, c in curves.items()}
        charts.append(folder / f"efficiency-{name}.png")
        efficiency_chart(lines, guessed, charts[-1])
    results, page = folder / "results.json", folder / "compare.html"
    values = {
        "settings": settings,
        "chance": chance,
        "curves": {objective: asdict(curve) for objective, curve in curves.items()},
        "efficiency": {name: efficiencies(curves, name, guessed) for name, guessed in chance.items()},
    }
    results.write_text(json.dumps(values, indent=2) + "\n", "utf-8")
    page.write_text(_page(curves, chance, settings, charts[0]), "utf-8")
    return [*charts, results, page]


def efficiencies(curves: Curves, name: str, chance: float) -> dict[str, float | None]:
    """How many times fewer images each objective needs than the next to be as right as that one is in the end.

    Read off between points on a log scale, as the paper's figure 2 is; None where it never is as right, or where the
    next knows no more than chance.
    """
    return {
        f"{one} / {other}": _efficiency(curves[one], curves[other], name, chance) for one, other in pairwise(curves)
    }


def _efficiency(fast: Curve, slow: Curve, name: str, chance: float) -> float | None:
    wanted, images = slow.points[-1].accuracy[name], slow.points[-1].images
    reached = _images_to(fast.points, name, wanted)
    return None if reached is None or wanted <= chance else images / reached


def _images_to(points: tuple[Point, ...], name: str, wanted: float) -> float | None:
    """Images after which an accuracy is first reached; the first point's where that one has it already."""
    if points[0].accuracy[name] >= wanted:
        return points[0].images
    for before, after in pairwise(points):
        low, high = before.accuracy[name], after.accuracy[name]
        if low < wanted <= high:
            share = (wanted - low) / (high - low)
            return math.exp(math.log(before.images) * (1 - share) + math.log(after.images) * share)
    return None


def accuracy_rows(curves: Curves, name: str) -> list[list[str]]:
    """A header, then a row for each objective: accuracy at each number of images."""
    images = [point.images for point in next(iter(curves.values())).points]
    rows = [["accuracy after images", *(f"{n:,}" for n in images)]]
    return rows + [[o, *(f"{p.accuracy[name]:.1%}" for p in c.points)] for o, c in curves.items()]


def factor_rows(curves: Curves, name: str) -> list[list[str]]:
    """A header, then a row for each objective: how often it told what differs; empty where that is not known."""
    told = {objective: curve.by_factor[name] for objective, curve in curves.items() if name in curve.by_factor}
    if not told:
        return []
    factors = list(next(iter(told.values())))
    return [["told apart", *factors]] + [[o, *(f"{shares[f]:.1%}" for f in factors)] for o, shares in told.items()]


def cost_rows(curves: Curves) -> list[list[str]]:
    """A header, then for each objective its parameters and the pace of its training."""
    rows = [["cost", "parameters", "images/s"]]
    for objective, curve in curves.items():
        last = curve.points[-1]
        rows.append([objective, f"{curve.parameters:,}", f"{last.images / last.seconds:,.0f}"])
    return rows


def all_tables(curves: Curves, chance: Mapping[str, float]) -> list[tuple[str, list[list[str]]]]:
    """Each table with its heading."""
    tables = []
    for name, guessed in chance.items():
        tables.append((f"{name} (by chance {guessed:.1%})", accuracy_rows(curves, name)))
        if rows := factor_rows(curves, name):
            tables.append((f"{name}, the right text against one that is wrong in a thing (by chance 50%)", rows))
        found = [
            [pair, f"{times:.1f} x" if times else "-"] for pair, times in efficiencies(curves, name, guessed).items()
        ]
        if found:
            tables.append(
                (f"{name}, times fewer images for the other's last accuracy", [["efficiency", "times"], *found])
            )
    return [*tables, ("", cost_rows(curves))]


def as_text(curves: Curves, chance: Mapping[str, float]) -> str:
    """All tables for a terminal."""
    return "\n\n".join(f"{heading}\n{_aligned(rows)}".strip() for heading, rows in all_tables(curves, chance))


def _aligned(rows: list[list[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))] for row in rows)
    return "\n".join("  ".join(line) for line in lines)


def _page(curves: Curves, chance: Mapping[str, float], settings: Mapping[str, Any], chart: Path) -> str:
    tables = "\n".join(f"<h2>{escape(h)}</h2>\n{_html(rows)}" for h, rows in all_tables(curves, chance))
    summary = escape(", ".join(f"{name.replace('_', ' ')} {value}" for name, value in settings.items()))
    return _PAGE.format(summary=summary, chart=base64.b64encode(chart.read_bytes()).decode(), tables=tables)


def _html(rows: list[list[str]]) -> str:
    head, *body = rows
    lines = ["<tr>" + "".join(f"<th>{escape(cell)}</th>" for cell in head) + "</tr>"]
    lines += ["<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in body]
    return "<table>\n" + "\n".join(lines) + "\n</table>"
