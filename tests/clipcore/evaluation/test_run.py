from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clipcore.clip import CLIP
from clipcore.evaluation.datasets import DataSet
from clipcore.evaluation.encoded import encode_labelled
from clipcore.evaluation.run import run_classification, run_linear_probe
from tests.clipcore.conftest import encoder_of


@pytest.fixture
def data(tmp_path: Path) -> DataSet:
    """Flat colours with a little noise, ten pictures in each of two classes."""
    rng = np.random.default_rng(0)
    for name, colour in (("a_red", (200, 30, 30)), ("blue", (30, 30, 200))):
        (tmp_path / name).mkdir()
        for i in range(10):
            pixels = np.clip(np.array(colour) + rng.integers(-20, 20, (64, 64, 3)), 0, 255)
            Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / name / f"{i}.png")
    return DataSet(tmp_path)


def test_a_probe_sees_what_comes_before_the_projection(small_clip: CLIP, data: DataSet) -> None:
    encoder = encoder_of(small_clip)
    run = run_linear_probe(encoder, data, data)
    assert run.values["features"] == "before the projection"
    assert (run.values["top1"], run.values["images"], run.values["top5"]) == (1.0, 20, None)
    features = encode_labelled(encoder, data, features=True)
    assert features.vectors.shape == (20, 64)  # the tower's width, not the 32 of the shared space
    paths = [data.path / key for key in features.keys]
    assert features.vectors == pytest.approx(encoder.image_features(paths), abs=1e-5)


def test_folders_are_asked_for_in_words(small_clip: CLIP, data: DataSet) -> None:
    run = run_classification(encoder_of(small_clip), data)
    assert run.names == ("a red", "blue")
    assert run.labels.tolist() == [0] * 10 + [1] * 10
    assert run.images.keys[10] == "blue/0.png"
