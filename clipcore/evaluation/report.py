"""What `evaluate` leaves behind: a table for the terminal, and a folder with JSON, charts and the worst mistakes."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from clipcore.evaluation.charts import confusion_chart, recall_chart
from clipcore.evaluation.mistakes import worst_classified, worst_retrieved
from clipcore.evaluation.mistakes_page import mistakes_page
from clipcore.evaluation.retrieval import chance
from clipcore.evaluation.run import ClassificationRun, ProbeRun, RetrievalRun

CURVE_TO = 100  # the largest k of the chart of recall@k

Run = RetrievalRun | ClassificationRun | ProbeRun


def table(values: Mapping[str, Any], indent: str = "") -> str:
    """Names and values, one a line; a section's own are indented below its name."""
    lines = []
    for name, value in values.items():
        if isinstance(value, Mapping):
            lines.append(f"{indent}{name}\n{table(value, indent + '  ')}")
        else:
            lines.append(f"{indent}{name:<22} {_shown(value)}")
    return "\n".join(lines)


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def write_report(folder: Path, values: Mapping[str, Any], runs: Mapping[str, Run]) -> list[Path]:
    """Writes results.json, and what charts and mistakes the runs give; returns what was written."""
    folder.mkdir(parents=True, exist_ok=True)
    results = folder / "results.json"
    results.write_text(json.dumps(values, indent=2) + "\n", "utf-8")
    charts, sections = [], []
    for run in runs.values():
        if isinstance(run, RetrievalRun):
            charts.append(_chart_retrieval(run, folder))
            sections.append(("Captions whose picture was not found first", run.images, worst_retrieved(run)))
        elif isinstance(run, ClassificationRun):
            charts.append(_chart_classification(run, folder))
            sections.append(("Pictures taken for another class, the surest first", run.images, worst_classified(run)))
    if not sections:
        return [results]
    page = folder / "mistakes.html"
    page.write_text(mistakes_page(f"The worst mistakes of {values['encoder']}", sections), "utf-8")
    return [results, *charts, page]


def _chart_retrieval(run: RetrievalRun, folder: Path) -> Path:
    result, one_each, several_each = run.result, np.ones(run.result.texts, np.int64), np.bincount(run.owners)
    curves = {
        name: (direction.curve(min(CURVE_TO, candidates)), chance(candidates, right, CURVE_TO))
        for name, direction, candidates, right in (
            ("text to image", result.text_to_image, result.images, one_each),
            ("image to text", result.image_to_text, result.texts, several_each),
        )
    }
    recall_chart(curves, folder / "recall.png")
    return folder / "recall.png"


def _chart_classification(run: ClassificationRun, folder: Path) -> Path:
    confusion_chart(run.result.confusion, run.names, folder / "confusion.png")
    return folder / "confusion.png"
