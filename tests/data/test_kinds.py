"""The scripts that make pictures of kinds which captions do not name."""

import io
import json
import subprocess
import sys
from pathlib import Path

from matplotlib import font_manager
from PIL import Image

from clipcore.pairs.webdataset import read_pairs
from tests.clipcore.tars import write_tar

DATA = Path(__file__).parents[2] / "data"


def photographs(path: Path) -> Path:
    files = {}
    for number in range(8):
        stream = io.BytesIO()
        Image.effect_noise((60, 40), 30 + number).save(stream, "PNG")
        files[f"{number}.png"] = stream.getvalue()
        said = f"Two dogs play in the snow near house {number} ."
        files[f"{number}.json"] = json.dumps({"captions": [said]}).encode()
    return write_tar(path, files)


def run(script: str, *arguments: str | Path) -> None:
    subprocess.run([sys.executable, DATA / script, *arguments], check=True, cwd=DATA.parent, timeout=120)


def test_each_style_says_what_it_makes_of_a_photograph(tmp_path: Path) -> None:
    run("style_pairs.py", photographs(tmp_path / "photos.tar"), "--out", tmp_path / "styles.tar", "--per-style", "1")
    pairs = list(read_pairs(tmp_path / "styles.tar"))
    assert {pair.key.partition("/")[0] for pair in pairs} == {
        *("bw", "old", "oil", "watercolour", "pencil", "ink", "cartoon", "blurred")
    }
    assert len({pair.key.partition("/")[2] for pair in pairs}) == 8  # no photograph twice
    assert all("two dogs play in the snow" in text and not text.endswith(".") for p in pairs for text in p.texts({}))
    grey = next(pair for pair in pairs if pair.key.startswith("bw/")).open().convert("RGB")
    assert all(abs(r - g) < 12 and abs(g - b) < 12 for r, g, b in grey.get_flattened_data())
    assert min(pairs[0].open().size) == 176


def test_every_kind_of_document_is_drawn_and_named(tmp_path: Path) -> None:
    photos = photographs(tmp_path / "photos.tar")
    font = Path(font_manager.findfont("STIXGeneral"))
    write_tar(tmp_path / "hand.tgz", {"package/files/hand-latin-400-normal.woff": font.read_bytes()}, "w:gz")
    run(
        "document_pairs.py",
        *("--hands", tmp_path / "hand.tgz", "--photos", photos, "--icons", photos),
        *("--per-kind", "1", "--out", tmp_path / "documents.tar"),
    )
    pairs = list(read_pairs(tmp_path / "documents.tar"))
    assert len(pairs) == len({pair.key for pair in pairs}) == 27
    receipt = next(pair for pair in pairs if pair.key.startswith("receipt/"))
    assert any("receipt" in text for text in receipt.texts({}))
    assert all(max(pair.open().size) <= 208 for pair in pairs)
    assert all(len(set(pair.open().convert("L").get_flattened_data())) > 8 for pair in pairs)  # none is blank


def test_emoji_stand_beside_their_names(tmp_path: Path) -> None:
    stream = io.BytesIO()
    Image.new("RGBA", (72, 72), (250, 200, 0, 128)).save(stream, "PNG")
    listed = [
        {"image": f"{code}.png", "name": name, "category": category, "subcategory": kind}
        for code, name, category, kind in (
            ("1f468-1f680", "MAN ASTRONAUT", "People & Body", "person-role"),
            ("1f52d", "TELESCOPE", "Objects", "science"),
            ("1f3f3", "WHITE FLAG", "Flags", "flag"),
        )
    ]
    files = {f"package/img/{emoji['image']}": stream.getvalue() for emoji in listed}
    package = write_tar(tmp_path / "drawn.tgz", {"package/emoji.json": json.dumps(listed).encode()} | files, "w:gz")
    run("emoji_pairs.py", package, "--out", tmp_path / "emoji.tar")
    pairs = {pair.key: pair for pair in read_pairs(tmp_path / "emoji.tar")}
    assert set(pairs) == {"drawn/1f468-1f680", "drawn/1f52d"}, "no flag"
    assert pairs["drawn/1f468-1f680"].fields == {"name": "astronaut", "portrait": "astronaut"}
