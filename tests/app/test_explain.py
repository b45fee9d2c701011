"""The heat map points at what was asked for."""

import io
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from fastapi.testclient import TestClient
from PIL import Image

from app.api import create_api
from app.cli import main
from app.errors import QueryError
from app.explain import explain
from app.language import parse
from app.services import Services
from indexer.library import Library

PHOTOGRAPHS = Path(__file__).parents[2] / "demo" / "photographs"


@pytest.fixture
def cat_and_cup() -> Image.Image:
    """Two photographs side by side: a cat at the left, a cup of coffee at the right."""
    if not PHOTOGRAPHS.is_dir():
        pytest.skip("the demo collection is not here: make demo")
    both = Image.new("RGB", (800, 400))
    for place, name in enumerate(("chelsea.png", "coffee.png")):
        with Image.open(PHOTOGRAPHS / name) as picture:
            both.paste(picture.convert("RGB").resize((400, 400)), (400 * place, 0))
    return both


def test_it_is_hot_where_the_thing_asked_for_is(library: Library, cat_and_cup: Image.Image) -> None:
    cat, cup = (explain(library, cat_and_cup, parse(words)) for words in ("a cat", "a cup of coffee"))
    assert cat.x < 0.5 < cup.x
    half = cat.heat.shape[1] // 2
    assert cat.heat[:, :half].mean() > 3 * cat.heat[:, half:].mean()
    assert cup.heat[:, half:].mean() > 3 * cup.heat[:, :half].mean()
    turned = explain(library, cat_and_cup.transpose(Image.Transpose.FLIP_LEFT_RIGHT), parse("a cat"))
    assert turned.x > 0.5


def test_what_glows_keeps_its_colour_and_the_rest_fades(library: Library, cat_and_cup: Image.Image) -> None:
    png = explain(library, cat_and_cup, parse("a cat")).over(cat_and_cup)
    with Image.open(io.BytesIO(png)) as shown:
        assert shown.format == "PNG" and shown.size == cat_and_cup.size
        colourful = np.ptp(np.asarray(shown, np.float32), axis=2)
    assert colourful[:, :400].mean() > 3 * colourful[:, 400:].mean()


def test_a_query_without_words_has_no_parts(library: Library) -> None:
    with pytest.raises(QueryError, match="nothing to point at"):
        explain(library, Image.new("RGB", (40, 30)), parse("date:2019"))


def test_every_face_gives_it(services: Services, ids: dict[str, int], folder: Path, tmp_path: Path) -> None:
    with TestClient(create_api(services), base_url="http://localhost") as client:
        answer = client.get(f"/photos/{ids['a.jpg']}/why", params={"q": "something red"})
        assert answer.headers["content-type"] == "image/png"
        assert client.get("/photos/9999/why", params={"q": "red"}).status_code == 404
        assert client.get(f"/photos/{ids['a.jpg']}/why", params={"q": "date:2019"}).status_code == 422
    out = tmp_path / "heat.png"
    said = CliRunner().invoke(main, ["why", str(folder / "a.jpg"), "something", "red", "--out", str(out)])
    assert said.exit_code == 0 and "from the left" in said.stdout
    assert out.read_bytes() == answer.content
