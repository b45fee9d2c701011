"""Charts and diagrams."""

import io
from collections.abc import Callable

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from kinds.desk import Desk


def bar_chart(desk: Desk) -> Image.Image:
    count = desk.rng.randint(3, 12)
    heights = [desk.rng.uniform(1, 10) for _ in range(count)]
    labels = [desk.line(1)[:8] for _ in range(count)]
    colours = _colours(desk, count if desk.rng.random() < 0.5 else 1)
    sideways = desk.rng.random() < 0.3
    return _plot(desk, lambda axes: (axes.barh if sideways else axes.bar)(labels, heights, color=colours))


def line_chart(desk: Desk) -> Image.Image:
    steps = np.random.default_rng(desk.rng.randrange(2**32)).normal(size=(desk.rng.randint(1, 5), 60)).cumsum(axis=1)
    return _plot(
        desk, lambda axes: [axes.plot(line, color=c) for line, c in zip(steps, _colours(desk, len(steps)), strict=True)]
    )


def pie_chart(desk: Desk) -> Image.Image:
    parts = [desk.rng.uniform(1, 5) for _ in range(desk.rng.randint(3, 8))]
    labels = [desk.line(1)[:9] for _ in parts]
    return _plot(desk, lambda axes: axes.pie(parts, labels=labels, colors=_colours(desk, len(parts))), square=True)


def scatter_plot(desk: Desk) -> Image.Image:
    x, y, c = np.random.default_rng(desk.rng.randrange(2**32)).normal(size=(3, desk.rng.randint(30, 300)))
    return _plot(desk, lambda axes: axes.scatter(x, x * desk.rng.uniform(-1, 1) + y, c=c, s=12))


def flow_chart(desk: Desk) -> Image.Image:
    image, draw = desk.sheet(520, 520)
    font, last = desk.font(14), None
    tint = desk.rng.choice(("#dbe9fb", "#e6f4d7", "#fde9d0", "#ffffff"))
    for row in range(desk.rng.randint(3, 5)):
        places = desk.rng.sample((110, 260, 410), desk.rng.randint(1, 3))
        for x in places:
            y = 60 + row * 100
            if last:
                draw.line((*last, x, y - 24), fill="#333", width=2)
                draw.polygon(((x - 6, y - 34), (x + 6, y - 34), (x, y - 24)), fill="#333")
            shape = draw.ellipse if desk.rng.random() < 0.2 else draw.rectangle
            shape((x - 60, y - 24, x + 60, y + 24), fill=tint, outline="#333", width=2)
            draw.text((x, y), desk.line(1), font=font, fill="#111", anchor="mm")
        last = (places[0], 60 + row * 100 + 24)
    return image


def _plot(desk: Desk, drawn: Callable[[Axes], None], square: bool = False) -> Image.Image:
    size = (4, 4) if square else (desk.rng.choice((4, 5, 6)), desk.rng.choice((3, 4)))
    figure = Figure(figsize=size, dpi=80)
    axes = figure.subplots()
    drawn(axes)
    if desk.rng.random() < 0.7:
        axes.set_title(desk.line(3))
    if desk.rng.random() < 0.5:
        axes.grid(alpha=0.4)
    stream = io.BytesIO()
    figure.savefig(stream, format="png")
    return Image.open(stream).convert("RGB")


def _colours(desk: Desk, count: int) -> list[tuple[float, ...]]:
    chosen = matplotlib.colormaps[desk.rng.choice(("tab10", "Set2", "Paired", "viridis", "Blues", "autumn"))]
    return [chosen(i / max(1, count - 1)) for i in range(count)]
