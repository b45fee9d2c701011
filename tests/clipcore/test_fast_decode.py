"""The scaled decode of JPEGs: vectors of real photographs stay within a cosine of 0.999 of the exact ones."""

import io
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_sample_images

from clipcore import Encoder, load_encoder
from clipcore.preprocess import Pixels, Preprocessing, decode_small

UPRIGHT = 1  # an EXIF orientation


@pytest.fixture(scope="module")
def starter() -> Encoder:
    return load_encoder("starter")


def jpeg(image: Image.Image, orientation: int = UPRIGHT) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    out = io.BytesIO()
    image.save(out, "JPEG", quality=90, exif=exif)
    return out.getvalue()


def both(data: bytes, preprocessing: Preprocessing) -> tuple[Pixels, Pixels]:
    """The exact pixels and the fast ones."""
    image = Image.open(io.BytesIO(data))
    return preprocessing(Image.open(io.BytesIO(data))), preprocessing(image, decode_small(image, preprocessing.size))


def cosines(starter: Encoder, pairs: list[tuple[Pixels, Pixels]]) -> np.ndarray:
    exact, fast = (starter.encode_pixels(np.stack(pixels)) for pixels in zip(*pairs, strict=True))
    return (exact * fast).sum(axis=1)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("resize", ["squash", "shortest"])
def test_photographs_of_odd_sizes(starter: Encoder, resize: Literal["squash", "shortest"], orientation: int) -> None:
    preprocessing = replace(starter.preprocessing, resize=resize)
    pairs = []
    for pixels in load_sample_images().images:
        large = Image.fromarray(pixels).resize((2565, 1711), Image.Resampling.LANCZOS)
        data = jpeg(large, orientation)
        image = Image.open(io.BytesIO(data))
        assert decode_small(image, preprocessing.size) == (0, 0, 1282.5, 855.5) and image.size == (1283, 856)
        pairs.append(both(data, preprocessing))
    assert cosines(starter, pairs).min() > 0.999


@pytest.mark.parametrize("resize", ["squash", "shortest"])
def test_photographs_of_many_cameras(
    starter: Encoder, resize: Literal["squash", "shortest"], shared_data: Path
) -> None:
    preprocessing = replace(starter.preprocessing, resize=resize)
    with tarfile.open(shared_data / "camera-photos.tar") as tar:
        files = [tar.extractfile(member) for member in tar if member.name.lower().endswith((".jpg", ".jpeg"))]
        pairs = [both(file.read(), preprocessing) for file in files if file]
    assert len(pairs) > 40
    assert sum(bool((exact != fast).any()) for exact, fast in pairs) >= 3, "some are decoded small"
    assert cosines(starter, pairs).min() > 0.999


def test_nothing_is_decoded_small_that_is_not_large(starter: Encoder, tmp_path: Path) -> None:
    path = tmp_path / "small.jpg"
    path.write_bytes(jpeg(Image.fromarray(load_sample_images().images[0])))
    assert (starter.decode(path, fast=True) == starter.decode(path)).all()
    png = tmp_path / "large.png"
    Image.new("RGB", (3000, 2000), "teal").save(png)
    assert (starter.decode(png, fast=True) == starter.decode(png)).all()


def test_paths_are_decoded_small_on_demand(starter: Encoder, tmp_path: Path) -> None:
    path = tmp_path / "large.jpg"
    large = Image.fromarray(load_sample_images().images[1]).resize((2565, 1711))
    path.write_bytes(jpeg(large))
    exact, fast = both(path.read_bytes(), starter.preprocessing)
    assert (starter.decode(path) == exact).all() and (starter.decode(path, fast=True) == fast).all()
    assert (exact != fast).any()
    assert np.allclose(starter.encode_images([path], fast=True), starter.encode_pixels(fast[None]), atol=1e-6)
