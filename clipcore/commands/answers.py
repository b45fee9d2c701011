"""What `classify` writes: one picture after another, as a table, CSV or JSON lines."""

import csv
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np

from clipcore.errors import ImageError
from clipcore.runtimes.base import Vectors
from clipcore.zeroshot import probabilities


@dataclass(frozen=True)
class Answer:
    """One picture's likeliest labels with their probabilities, likeliest first; or why it has none."""

    path: Path
    labels: tuple[tuple[str, float], ...] = ()
    error: str = ""

    @classmethod
    def of(
        cls, path: Path, vector: Vectors | ImageError, classes: Vectors, names: Sequence[str], scale: float, top: int
    ) -> "Answer":
        """What a picture with this vector (dim,) is, or why it has none."""
        if isinstance(vector, ImageError):
            return cls(path, error=" ".join(str(vector).split()))
        (likely,) = probabilities(vector[None], classes, scale)
        best = np.argsort(-likely, kind="stable")[:top]
        return cls(path, tuple((names[i], float(likely[i])) for i in best))

    @property
    def shown_path(self) -> str:
        """The path as one line of text, whatever bytes it is made of."""
        text = os.fsencode(self.path).decode("utf-8", "replace")
        return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


Write = Callable[[Answer], None]


def table_writer(file: TextIO) -> Write:
    """A line a picture: ``path  cat 93.1%  dog 4.0%``."""

    def write(answer: Answer) -> None:
        said = [f"{label} {share:.1%}" for label, share in answer.labels] or [f"error: {answer.error}"]
        file.write("  ".join([answer.shown_path, *said]) + "\n")

    return write


def csv_writer(file: TextIO) -> Write:
    """A line for each label of a picture: path, rank, label, probability, error."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["path", "rank", "label", "probability", "error"])

    def write(answer: Answer) -> None:
        for rank, (label, share) in enumerate(answer.labels, 1):
            writer.writerow([answer.shown_path, rank, label, f"{share:.6f}", ""])
        if answer.error:
            writer.writerow([answer.shown_path, "", "", "", answer.error])

    return write


def json_writer(file: TextIO) -> Write:
    """One object a line; a path that is not Unicode keeps its bytes as Python's surrogate escapes."""

    def write(answer: Answer) -> None:
        labels = [{"label": label, "probability": share} for label, share in answer.labels]
        value = {"path": str(answer.path), "labels": labels} | ({"error": answer.error} if answer.error else {})
        file.write(json.dumps(value) + "\n")

    return write


WRITERS: dict[str, Callable[[TextIO], Write]] = {"table": table_writer, "csv": csv_writer, "json": json_writer}
