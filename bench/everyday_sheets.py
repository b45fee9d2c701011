"""Contact sheets: a row for each query, its first results framed by whether they answer it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageOps

from bench.everyday_rules import HIT, MISS, UNKNOWN
from clipcore.evaluation.datasets import Example

SHOWN = 12  # results of a query
ROWS = 10  # queries on a sheet
SIDE, TEXT = 112, 14  # pixels
FRAMES = {HIT: "green", MISS: "red", UNKNOWN: "lightgray"}

Row = tuple[str, NDArray[np.int64], NDArray[np.int8]]


def write_sheets(rows: Sequence[Row], examples: Sequence[Example], folder: Path) -> None:
    """`rows`: text, order of the pictures, what is true of them. Green: a hit; red: none; gray: not known."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, start in enumerate(range(0, len(rows), ROWS)):
        _sheet(rows[start : start + ROWS], examples).save(folder / f"{number:02}.png")


def _sheet(rows: Sequence[Row], examples: Sequence[Example]) -> Image.Image:
    sheet = Image.new("RGB", (SHOWN * SIDE, len(rows) * (SIDE + TEXT)), "white")
    draw = ImageDraw.Draw(sheet)
    for line, (text, order, truth) in enumerate(rows):
        top = line * (SIDE + TEXT)
        draw.text((2, top + 1), text, fill="black")
        for place, i in enumerate(order[:SHOWN]):
            with examples[i].open() as image:
                small = ImageOps.pad(image.convert("RGB"), (SIDE - 8, SIDE - 8), color="white")
            framed = ImageOps.expand(small, 3, FRAMES[int(truth[i])])
            sheet.paste(framed, (place * SIDE, top + TEXT))
    return sheet
