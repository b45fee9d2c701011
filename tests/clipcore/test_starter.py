"""The encoder that ships: whole, small, and good at what anyone would ask it first."""

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from clipcore import load_encoder
from clipcore.bundle import STARTER, Bundle
from clipcore.encoder import Encoder

LIMIT = 40_000_000  # bytes


@pytest.fixture(scope="module")
def starter() -> Encoder:
    return load_encoder("starter")


def test_it_is_small_and_says_where_it_comes_from() -> None:
    assert sum(path.stat().st_size for path in STARTER.iterdir()) < LIMIT
    card = (STARTER / "CARD.md").read_text("utf-8")
    assert Bundle.read(STARTER).fingerprint in card, "the card's figures are another encoder's"
    for source in ("EfficientNet-Lite2", "all-MiniLM-L6-v2", "Flickr8k", "Apache-2.0"):
        assert source in card


def test_every_file_is_the_one_it_was_made_with() -> None:
    bundle = Bundle.read(STARTER)
    assert set(bundle.sha256) == {"image.onnx", "text.onnx", "tokenizer.json"}
    for file in bundle.sha256:
        bundle.verified(file)


def test_it_is_the_default_and_needs_no_torch() -> None:
    program = """
import json, sys
from clipcore import load_encoder
encoder = load_encoder()
vectors = encoder.encode_texts(["a cat"])
print(json.dumps([encoder.name, vectors.shape, str(vectors.dtype), "torch" in sys.modules]))
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert json.loads(result.stdout) == ["starter", [1, Bundle.read(STARTER).dim], "float32", False]


def test_texts_of_one_meaning_lie_together(starter: Encoder) -> None:
    texts = ["a dog runs on the beach", "a puppy running along the shore", "a plate of pasta", "spaghetti for dinner"]
    cosines = starter.encode_texts(texts) @ starter.encode_texts(texts).T
    assert cosines[0].argsort()[-2] == 1
    assert cosines[2].argsort()[-2] == 3


def test_a_vector_is_that_of_its_picture_alone(starter: Encoder) -> None:
    rng = np.random.default_rng(0)
    pictures = [Image.fromarray(rng.integers(0, 256, (9, 12, 3), dtype=np.uint8)).resize((320, 240)) for _ in range(5)]
    together = starter.encode_images(pictures)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(together[3:4], starter.encode_images(pictures[3:4]), atol=1e-4)
