import io
from pathlib import Path

import pyarrow.parquet
import pytest
from PIL import Image

from clipcore.errors import ImageError, PairsError
from clipcore.pairs.candidates import gather
from clipcore.pairs.filters import Filters, keep_good
from clipcore.pairs.language import in_languages
from clipcore.pairs.parts import list_parts
from clipcore.pairs.pictures import Limits, look
from tests.clipcore.pairs.conftest import captioned, picture
from tests.clipcore.pairs.test_stages import keys
from tests.clipcore.tars import write_tar


def test_each_pair_that_is_not_kept_has_its_reason(tmp_path: Path) -> None:
    files = captioned([["a big red dog"], ["dog"], ["word " * 300], ["ein hund läuft über die wiese"]])
    cut = picture(20, format="JPEG")
    for name, content in {
        "small": picture(21, (300, 40)),
        "long": picture(22, (640, 100)),
        "cut": cut[: len(cut) // 2],
        "text": b"GIF89a but not really",
        "huge": picture(23, (700, 700)),
        "fine": picture(24, format="WEBP"),
    }.items():
        files |= {f"{name}.jpg": content, f"{name}.txt": b"a picture of coloured blocks"}
    gather([write_tar(tmp_path / "a.tar", files)], tmp_path / "in")
    counted = keep_good(
        tmp_path / "in", tmp_path / "out", Filters(languages=("en",), limits=Limits(max_pixels=480_000))
    )
    assert keys(tmp_path / "out") == ["0000", "fine"]
    assert counted.skipped.names == {
        "captions under 2 words": ["0001"],
        "captions over 256 words or 2000 characters": ["0002"],
        "captions in another language": ["0003"],
        "pictures under 64 pixels": ["small"],
        "pictures longer than 4 to 1": ["long"],
        "pictures that cannot be decoded": ["cut", "text", "huge"],
    }
    assert (counted.taken, counted.kept) == (10, 2)


def test_one_good_caption_of_several_is_enough(tmp_path: Path) -> None:
    captions = ["dog", "a dog in the snow", "un chien court dans l'herbe"]
    gather([write_tar(tmp_path / "a.tar", captioned([captions]))], tmp_path / "in")
    keep_good(tmp_path / "in", tmp_path / "out", Filters(languages=("en",)))
    row = pyarrow.parquet.read_table(list_parts(tmp_path / "out")[0]).to_pylist()[0]
    assert row["captions"] == ["a dog in the snow"]
    assert (row["width"], row["height"]) == (320, 240)


def test_pictures_that_went_away_since_are_counted(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("path,caption\ngone.png,a dog in the snow\n")
    gather([tmp_path / "t.csv"], tmp_path / "in")
    counted = keep_good(tmp_path / "in", tmp_path / "out", Filters())
    assert counted.skipped.counts == {"pictures that are gone": 1}


def test_short_captions_get_the_benefit_of_the_doubt() -> None:
    assert all(in_languages(text, ["en"]) for text in ("a dog", "red car", "Paris Eiffel tower", "sunset over the sea"))
    other = (
        "ein hund läuft über die wiese",
        "une femme avec un chapeau rouge",
        "собака бежит по траве",
        "犬が走っている",
    )
    assert not any(in_languages(text, ["en"]) for text in other)


def test_an_unknown_language_is_said(tmp_path: Path) -> None:
    with pytest.raises(PairsError, match="no language is called english: expected one of ace, af"):
        keep_good(tmp_path, tmp_path / "out", Filters(languages=("english",)))


def test_a_look_turns_a_picture_upright_and_tells_it_from_others() -> None:
    upright = look(picture(1), Limits())
    stream = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    with Image.open(io.BytesIO(picture(1))) as image:
        image.transpose(Image.Transpose.ROTATE_90).save(stream, "PNG", exif=exif)
    turned = look(stream.getvalue(), Limits())
    assert (turned.width, turned.height) == (320, 240)
    assert (turned.looks ^ upright.looks).bit_count() <= 3
    assert (look(picture(2), Limits()).looks ^ upright.looks).bit_count() > 10
    with pytest.raises(ImageError, match="bytes are more than 100"):
        look(picture(1), Limits(max_bytes=100))
