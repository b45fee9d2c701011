"""A sheet of paper as a phone's camera sees it."""

import math

import numpy as np
from PIL import Image, ImageFilter

from kinds.desk import Desk

WOODS = ("#8b5a2b", "#a9744f", "#5b4636", "#c9a26b", "#4a4a4a", "#d8d4cc", "#2f3b3a")


def on_table(sheet: Image.Image, desk: Desk) -> Image.Image:
    """The sheet as a phone sees it: turned, in perspective, unevenly lit, a little out of focus."""
    rng, side = desk.rng, 640
    table = Image.blend(
        Image.new("RGB", (side, side), rng.choice(WOODS)), Image.effect_noise((side, side), 40).convert("RGB"), 0.12
    )
    scale = rng.uniform(0.7, 0.95) * side / max(sheet.size)
    half = sheet.width * scale / 2, sheet.height * scale / 2
    angle = rng.gauss(0, 0.12)
    corners = []
    for sx, sy in ((-1, -1), (-1, 1), (1, 1), (1, -1)):
        x, y = sx * half[0] * rng.uniform(0.86, 1), sy * half[1] * rng.uniform(0.9, 1)
        corners.append(
            (side / 2 + x * math.cos(angle) - y * math.sin(angle), side / 2 + x * math.sin(angle) + y * math.cos(angle))
        )
    w, h = sheet.size
    rows, wanted = [], []
    for (x, y), (u, v) in zip(corners, ((0, 0), (0, h), (w, h), (w, 0)), strict=True):
        rows += [(x, y, 1, 0, 0, 0, -u * x, -u * y), (0, 0, 0, x, y, 1, -v * x, -v * y)]
        wanted += [u, v]
    solution = tuple(np.linalg.solve(np.array(rows), np.array(wanted)))
    how = (Image.Transform.PERSPECTIVE, solution, Image.Resampling.BILINEAR)
    laid = sheet.transform((side, side), *how)
    mask = Image.new("L", sheet.size, 255).transform((side, side), *how)
    table.paste(laid, (0, 0), mask)
    light = Image.linear_gradient("L").rotate(rng.choice((0, 90, 180, 270))).resize((side, side))
    dim = Image.eval(light, lambda v: 150 + v * 105 // 255)
    lit = Image.composite(table, Image.new("RGB", table.size, "black"), dim)
    return lit.filter(ImageFilter.GaussianBlur(rng.uniform(0, 1.5)))
