"""Thumbnails in terminals that can show them: Kitty's graphics protocol, iTerm2's inline images, and Sixel (DEC VT340).

Which one is told by the environment alone: asking the terminal would hang where it does not answer.
"""

import base64
import io
import os
from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image

ROWS = 5  # lines of text that a thumbnail is high, where the terminal scales it
_PIXELS = 100  # its height, where the terminal does not
_COLOURS = 128  # of a Sixel palette
_CHUNK = 4096  # bytes of base64 that Kitty takes at once


def detect(environment: Mapping[str, str] = os.environ) -> str:
    """The method of the terminal that a program runs in; "none" where none is known, or a multiplexer lies between."""
    term, program = environment.get("TERM", ""), environment.get("TERM_PROGRAM", "")
    if environment.get("TMUX") or term.startswith(("screen", "tmux")):
        return "none"
    if environment.get("KITTY_WINDOW_ID") or "kitty" in term or "ghostty" in (term + program).lower():
        return "kitty"
    if program in ("iTerm.app", "WezTerm"):
        return "iterm"
    if "sixel" in term or term.startswith(("foot", "mlterm", "yaft")):
        return "sixel"
    return "none"


def drawn(picture: Image.Image, method: str) -> str:
    """What to print so that the terminal shows the picture, a few lines high."""
    small = picture.convert("RGB")
    small.thumbnail((4 * _PIXELS, _PIXELS))
    return _DRAW[method](small)


def _kitty(picture: Image.Image) -> str:
    data = base64.b64encode(_png(picture)).decode()
    chunks = [data[i : i + _CHUNK] for i in range(0, len(data), _CHUNK)]
    more = [int(i + 1 < len(chunks)) for i in range(len(chunks))]
    keys = [f"a=T,f=100,q=2,r={ROWS},m={more[0]}", *(f"m={m}" for m in more[1:])]
    return "".join(f"\x1b_G{key};{chunk}\x1b\\" for key, chunk in zip(keys, chunks, strict=True)) + "\n"


def _iterm(picture: Image.Image) -> str:
    data = _png(picture)
    keys = f"inline=1;size={len(data)};height={ROWS};preserveAspectRatio=1"
    return f"\x1b]1337;File={keys}:{base64.b64encode(data).decode()}\x07\n"


def _sixel(picture: Image.Image) -> str:
    indexed = picture.quantize(_COLOURS)
    pixels = np.asarray(indexed)
    palette = np.array(indexed.getpalette(), np.int64).reshape(-1, 3)
    colours = "".join(
        f"#{i};2;{';'.join(str(round(v / 2.55)) for v in palette[i].tolist())}" for i in np.unique(pixels)
    )
    bands = (pixels[top : top + 6] for top in range(0, len(pixels), 6))
    return f'\x1bPq"1;1;{indexed.width};{indexed.height}{colours}{"-".join("$".join(_band(b)) for b in bands)}\x1b\\\n'


def _band(band: NDArray[np.uint8]) -> Iterator[str]:
    """Six rows of pixels (6, width), a line of sixels for each colour in them."""
    bits = 1 << np.arange(len(band))[:, None]
    for colour in np.unique(band):
        values = ((band == colour) * bits).sum(axis=0)
        starts = np.flatnonzero(np.diff(values, prepend=-1))
        lengths = np.diff(starts, append=len(values))
        runs = zip(values[starts].tolist(), lengths.tolist(), strict=True)
        yield f"#{colour}" + "".join(f"!{n}{chr(63 + v)}" if n > 3 else chr(63 + v) * n for v, n in runs)


def _png(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


_DRAW: dict[str, Callable[[Image.Image], str]] = {"kitty": _kitty, "iterm": _iterm, "sixel": _sixel}
