"""Colours by their names, and the pictures that have much of one."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw
from sqlalchemy import delete, select

from indexer.catalog import ContentColours
from indexer.colours import NAMES, colours_of, complete_colours
from indexer.folders import add_folder
from indexer.ingest import ingest
from indexer.library import Library


def names(image: Image.Image) -> set[str]:
    return {name for place, name in enumerate(NAMES) if colours_of(image) >> place & 1}


@pytest.mark.parametrize(
    ("colour", "name"),
    [
        ("black", "black"),
        ("#777777", "grey"),
        ("white", "white"),
        ("crimson", "red"),
        ("darkorange", "orange"),
        ("saddlebrown", "brown"),
        ("gold", "yellow"),
        ("forestgreen", "green"),
        ("teal", "blue"),
        ("royalblue", "blue"),
        ("navy", "blue"),
        ("rebeccapurple", "purple"),
        ("hotpink", "pink"),
        ("pink", "pink"),
        ("maroon", "red"),
    ],
)
def test_colours_have_the_names_that_people_give_them(colour: str, name: str) -> None:
    assert names(Image.new("RGB", (96, 64), colour)) == {name}


def test_beige_and_skin_are_no_colour() -> None:
    assert names(Image.new("RGB", (96, 64), "#e0b090")) == names(Image.new("RGB", (96, 64), "#d8c0a0")) == set()


def test_a_thing_before_a_plain_background_has_the_things_colour() -> None:
    image = Image.new("RGB", (200, 200), "white")
    ImageDraw.Draw(image).ellipse((80, 80, 120, 120), fill="red")
    assert names(image) == {"red"}
    noise = np.random.default_rng(0).integers(100, 140, (200, 200, 1), np.uint8)
    scene = Image.fromarray(np.concatenate([noise // 4, noise, noise // 4], axis=2))
    ImageDraw.Draw(scene).rectangle((60, 60, 80, 80), fill="red")
    assert names(scene) == {"green"}, "a hundredth of a scene is not much of it"


def test_colours_are_made_once_for_what_is_new_and_for_all_of_an_older_library(library: Library, folder: Path) -> None:
    def known() -> dict[int, int]:
        with library.catalog.reading() as session:
            return {i: bits for i, bits in session.execute(select(ContentColours.content_id, ContentColours.colours))}

    Image.new("RGB", (96, 64), "red").save(folder / "red.png")
    indexed = add_folder(library.catalog, folder)[0]
    ingest(library, indexed)
    first = known()
    assert len(first) == 6 and 1 << NAMES.index("red") in first.values()
    with library.catalog.writing() as (session, _):
        session.execute(delete(ContentColours))
    ingest(library, indexed)
    assert known() == first
    assert complete_colours(library) == 0
