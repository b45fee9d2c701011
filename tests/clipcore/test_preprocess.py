"""The evaluation transform against torchvision's geometry, spelt out with PIL, and odd picture modes."""

from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch
from PIL import Image

from clipcore.errors import ImageError
from clipcore.preprocess import Preprocessing, open_image, to_rgb
from clipcore.thirdparty import import_open_clip


def picture(width: int, height: int, mode: str = "RGB", seed: int = 0) -> Image.Image:
    values = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(values).convert(mode)


@pytest.mark.parametrize("size", [(640, 480), (480, 640), (224, 224), (301, 224), (97, 1000), (225, 226)])
@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear"])
def test_equals_open_clips_transform(size: tuple[int, int], interpolation: str) -> None:
    transform = import_open_clip().image_transform(
        224, is_train=False, mean=(0.0,) * 3, std=(1.0,) * 3, interpolation=interpolation
    )
    image = picture(*size)
    expected = (transform(image) * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()
    given = Preprocessing(size=224, interpolation=interpolation)(image)  # type: ignore[arg-type]
    assert np.array_equal(given, expected)


def test_squash_keeps_the_edges() -> None:
    image = Image.new("RGB", (400, 100), "white")
    image.paste("red", (0, 0, 40, 100))
    assert Preprocessing(size=50, resize="squash")(image)[25, 0].tolist() == [255, 0, 0]
    assert Preprocessing(size=50)(image)[25, 0].tolist() == [255, 255, 255]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGBA", "CMYK", "YCbCr", "HSV", "I", "F", "I;16"])
def test_every_mode_becomes_rgb(mode: str) -> None:
    if mode in ("I;16", "PA"):
        image = Image.new(mode, (32, 24))
    else:
        image = picture(32, 24).convert("L").convert(mode) if mode in ("I", "F", "LA") else picture(32, 24, mode)
    pixels = Preprocessing(size=16)(image)
    assert pixels.shape == (16, 16, 3)
    assert pixels.dtype == np.uint8


def test_transparency_lies_on_white() -> None:
    assert to_rgb(Image.new("RGBA", (4, 4), (0, 0, 0, 0))).getpixel((0, 0)) == (255, 255, 255)


def test_sixteen_bits_are_scaled_not_clipped() -> None:
    values = np.linspace(0, 65535, 64, dtype=np.uint16).reshape(8, 8)
    grey = np.asarray(to_rgb(Image.fromarray(values)))[..., 0]
    assert grey[0, 0] == 0 and grey[-1, -1] == 255
    assert len(np.unique(grey)) > 60


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "CMYK", "I;16", "F"])
@pytest.mark.parametrize("resize", ["shortest", "squash"])
def test_one_pixel(mode: str, resize: Literal["shortest", "squash"]) -> None:
    assert Preprocessing(size=16, resize=resize)(Image.new(mode, (1, 1))).shape == (16, 16, 3)


def test_a_strip_of_one_pixel_by_many_takes_no_gigabytes() -> None:
    strip = Image.new("RGB", (1, 20_000), "red")
    strip.paste("blue", (0, 9_990, 1, 10_010))
    pixels = Preprocessing(size=224)(strip)
    assert pixels.shape == (224, 224, 3)
    assert pixels[112, 112].tolist() == [0, 0, 255]
    assert np.array_equal(Preprocessing(size=224)(strip.transpose(Image.Transpose.ROTATE_90)).shape, pixels.shape)


def test_values_that_are_no_numbers_are_dark_and_change_no_other() -> None:
    values = np.linspace(100, 200, 64, dtype=np.float32).reshape(8, 8)
    whole = np.asarray(to_rgb(Image.fromarray(values)))
    for bad, seen in ((np.nan, 0), (-np.inf, 0), (np.inf, 255)):
        spoilt = values.copy()
        spoilt[3, 3] = bad
        rgb = np.asarray(to_rgb(Image.fromarray(spoilt))).copy()
        assert rgb[3, 3] == pytest.approx(seen, abs=1)
        rgb[3, 3] = whole[3, 3]
        assert np.array_equal(rgb, whole)
    assert not np.asarray(to_rgb(Image.fromarray(np.full((4, 4), np.nan, np.float32)))).any()


def test_a_palette_with_transparency_lies_on_white() -> None:
    image = Image.new("P", (4, 4), 0)
    image.putpalette([0, 0, 0, 255, 0, 0])
    image.info["transparency"] = 0
    image.putpixel((1, 1), 1)
    rgb = to_rgb(image)
    assert rgb.getpixel((0, 0)) == (255, 255, 255) and rgb.getpixel((1, 1)) == (255, 0, 0)


def test_cmyk_is_converted() -> None:
    assert to_rgb(Image.new("CMYK", (2, 2), (0, 255, 255, 0))).getpixel((0, 0)) == (255, 0, 0)


def test_exif_orientation_is_applied() -> None:
    image = Image.new("RGB", (40, 20), "white")
    image.paste("red", (0, 0, 20, 20))  # the left half
    image.getexif()[0x0112] = 6  # shown turned by 90 degrees to the right: left becomes top
    pixels = Preprocessing(size=20, resize="squash")(image)
    assert pixels[2, 10].tolist() == [255, 0, 0]
    assert pixels[17, 10].tolist() == [255, 255, 255]


def test_what_is_no_picture_is_one_line(tmp_path: Path) -> None:
    text = tmp_path / "notes.jpg"
    text.write_text("not a picture")
    for path in (text, tmp_path / "absent.jpg"):
        with pytest.raises(ImageError, match=r"cannot open .* as a picture") as caught:
            open_image(path)
        assert "\n" not in str(caught.value)


def test_a_cut_file_is_an_error_when_decoded(tmp_path: Path) -> None:
    whole = tmp_path / "whole.jpg"
    picture(300, 200).save(whole)
    cut = tmp_path / "cut.jpg"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with open_image(cut) as image, pytest.raises(ImageError, match="cannot decode"):
        Preprocessing(size=64)(image)
