"""Thumbnails for terminals: what is printed is the picture, and only a terminal gets it."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from app.terminal import detect, drawn


@pytest.fixture
def picture() -> Image.Image:
    halves = np.zeros((100, 160, 3), np.uint8)
    halves[:, :80] = (255, 0, 0)
    halves[:, 80:] = (0, 0, 255)
    return Image.fromarray(halves)


@pytest.mark.parametrize(
    ("environment", "method"),
    [
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"TERM": "xterm-256color", "KITTY_WINDOW_ID": "1"}, "kitty"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, "iterm"),
        ({"TERM": "foot"}, "sixel"),
        ({"TERM": "xterm-256color"}, "none"),
        ({"TERM": "xterm-kitty", "TMUX": "/tmp/tmux"}, "none"),
        ({}, "none"),
    ],
)
def test_the_terminal_is_told_by_its_environment(environment: dict[str, str], method: str) -> None:
    assert detect(environment) == method


def test_kitty_and_iterm_get_the_picture_whole(picture: Image.Image) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (100, 160, 3), np.uint8))  # of several chunks
    for shown in (picture, noise):
        chunks = re.findall(r"\x1b_G(.*?);(.*?)\x1b\\", drawn(shown, "kitty"))
        assert [("m=1" in keys) for keys, _ in chunks] == [True] * (len(chunks) - 1) + [False]
        assert all(len(data) <= 4096 for _, data in chunks)
        iterm = re.fullmatch(r"\x1b\]1337;File=.*?:(.*)\x07\n", drawn(shown, "iterm"))
        assert iterm is not None
        for data in ("".join(data for _, data in chunks), iterm[1]):
            with Image.open(io.BytesIO(base64.b64decode(data))) as back:
                assert (np.asarray(back) == np.asarray(shown)).all()


def test_sixels_are_the_picture(picture: Image.Image) -> None:
    assert (_decoded(drawn(picture, "sixel")) == np.asarray(picture)).all()


def _decoded(text: str) -> np.ndarray:
    """A picture (height, width, 3) from sixels, by the VT340's manual."""
    found = re.fullmatch(r'\x1bPq"1;1;(\d+);(\d+)(.*)\x1b\\\n', text)
    assert found is not None
    pixels = np.zeros((int(found[2]) + 6, int(found[1]), 3), np.uint8)
    palette: dict[str, list[int]] = {}
    colour, x, y = "", 0, 0
    for number, red, green, blue, use, count, sixel, move in re.findall(
        r"#(\d+);2;(\d+);(\d+);(\d+)|#(\d+)|(?:!(\d+))?([?-~])|([$-])", found[3]
    ):
        if number:
            palette[number] = [round(int(v) * 2.55) for v in (red, green, blue)]
        elif use:
            colour = use
        elif move:
            x, y = 0, y + 6 * (move == "-")
        else:
            end = x + int(count or 1)
            for bit in range(6):
                if (ord(sixel) - 63) >> bit & 1:
                    pixels[y + bit, x:end] = palette[colour]
            x = end
    return pixels[: int(found[2])]
