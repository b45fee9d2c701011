"""The colours that a picture has much of, by the eleven names that most languages share (Berlin and Kay, 1969).

They are read from the thumbnail at the end of each pass over a folder, for what is new; in a library that was made
before there were colours, for all of it.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sqlalchemy import func, insert, select

from indexer.catalog import Content, ContentColours
from indexer.library import Library

NAMES = ("black", "grey", "white", "red", "orange", "brown", "yellow", "green", "blue", "purple", "pink")
_SHARE = 0.2  # of what is looked at that a colour takes up at least
_SHARE_WITHOUT_HUE = 0.35  # the same for black, grey and white, which every picture has some of
_SIDE = 64  # pixels of the copy that is looked at
_AT_A_TIME = 256

_PLAIN = 0.06  # saturation times value below which there is no hue
_NIGHT = 0.15  # value below which none can be seen
_BLACK, _WHITE = 0.45, 0.8  # value up to which what has no hue is black, and from which on it is white
_HUES = ((14, "red"), (40, "orange"), (68, "yellow"), (165, "green"), (255, "blue"), (315, "purple"), (345, "pink"))
_NONE = len(NAMES)  # beige, skin: no colour that anyone asks for
_BACKGROUND = 0.6  # of the edge that is of one black, grey or white; then the rest is looked at,
_OBJECT = 0.02  # if it is more than this of the picture

Names = NDArray[np.int64]  # places in NAMES


def colours_of(rgb: Image.Image) -> int:
    """The colours that a picture has much of, one bit each in the order of `NAMES`.

    Of a thing before a plain black, grey or white, the thing's colours count.
    """
    names = named(np.asarray(rgb.resize((_SIDE, _SIDE), Image.Resampling.BOX), np.float32) / np.float32(255))
    edge = np.bincount(np.concatenate([names[0], names[-1], names[:, 0], names[:, -1]]), minlength=_NONE + 1)
    counts = np.bincount(names.ravel(), minlength=_NONE + 1).astype(np.float64)
    behind = int(edge.argmax())
    without_hue = [NAMES.index(name) for name in ("black", "grey", "white")]
    is_background = behind in without_hue and edge[behind] >= _BACKGROUND * edge.sum()
    if is_background and counts.sum() - counts[behind] >= _OBJECT * counts.sum():
        counts[behind] = 0
    least = np.full(_NONE, _SHARE)
    least[without_hue] = _SHARE_WITHOUT_HUE
    much = counts[:_NONE] >= least * counts.sum()
    return sum(1 << place for place in np.flatnonzero(much).tolist())


def named(rgb: NDArray[np.float32]) -> Names:
    """The name of each colour (..., 3) in 0..1, as its place in `NAMES`; behind the last for none."""
    value, low = rgb.max(axis=-1), rgb.min(axis=-1)
    chroma = value - low
    saturation = chroma / np.maximum(value, 1e-6)
    hue = _hue(rgb, value, np.maximum(chroma, 1e-6))
    place = {name: i for i, name in enumerate(NAMES)}
    of_hue = np.array([place[name] for _, name in _HUES] + [place["red"]])
    names: Names = of_hue[np.searchsorted(np.array([edge for edge, _ in _HUES]), hue, side="right")]
    red, orange, yellow = (names == place[name] for name in ("red", "orange", "yellow"))
    warm = orange | (red & (hue < 90))
    names[(orange & (value < 0.75)) | (warm & (value < 0.35)) | (yellow & (value < 0.5))] = place["brown"]
    names[red & (saturation < 0.5) & (value > 0.7)] = place["pink"]
    names[warm & (saturation < 0.45) & (value >= 0.5)] = _NONE
    brightness = np.where(value < _BLACK, place["black"], np.where(low > _WHITE, place["white"], place["grey"]))
    result: Names = np.where((chroma < _PLAIN) | (value < _NIGHT), brightness, names)
    return result


def _hue(rgb: NDArray[np.float32], value: NDArray[np.float32], chroma: NDArray[np.float32]) -> NDArray[np.float32]:
    """Degrees in 0..360."""
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    sixth = np.where(
        value == red,
        ((green - blue) / chroma) % 6,
        np.where(value == green, (blue - red) / chroma + 2, (red - green) / chroma + 4),
    )
    result: NDArray[np.float32] = 60 * sixth
    return result


def complete_colours(library: Library, is_over: Callable[[], bool] = lambda: False) -> int:
    """Looks at every thumbnail that was not looked at for its colours; gives back how many. Each few are committed.

    Contents are looked at in the order of their ids, so two look-ups say whether there is anything to do.

    Raises:
        StorageError: the catalog cannot be written.
    """
    done = 0
    with ThreadPoolExecutor(library.settings.decode_workers, thread_name_prefix="colours") as pool:
        while True:
            with library.catalog.reading() as session:
                after = session.execute(select(func.max(ContentColours.content_id))).scalar() or 0
                query = select(Content.id, Content.sha256).where(Content.id > after).order_by(Content.id)
                rows = session.execute(query.limit(_AT_A_TIME)).all()
            if not rows:
                return done
            colours = pool.map(_look_at, (library.thumbnails.path(row.sha256) for row in rows))
            found = [{"content_id": row.id, "colours": seen} for row, seen in zip(rows, colours, strict=True)]
            with library.catalog.writing() as (session, _):
                known = set(session.scalars(select(ContentColours.content_id).where(ContentColours.content_id > after)))
                if new := [row for row in found if row["content_id"] not in known]:  # another process may be faster
                    session.execute(insert(ContentColours), new)
            done += len(rows)
            if is_over():
                return done


def _look_at(thumbnail: Path) -> int:
    """The colours of a stored thumbnail; none where it is not there or does not open."""
    try:
        with Image.open(thumbnail, formats=["WEBP"]) as image:
            return colours_of(image.convert("RGB"))
    except (OSError, SyntaxError, ValueError):
        return 0
