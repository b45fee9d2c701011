import numpy as np
import pytest
import torch

from clipcore.clip import CLIP
from clipcore.zeroshot import CLASSES_AT_ONCE, class_vectors, probabilities
from tests.clipcore.conftest import encoder_of


def test_a_class_is_the_mean_of_its_prompts(small_clip: CLIP) -> None:
    encoder = encoder_of(small_clip)
    names = [f"class {i}" for i in range(CLASSES_AT_ONCE + 3)] + ["a {} {0} {brace}"]
    done: list[int] = []
    vectors = class_vectors(encoder, names, ["a photo of a {}.", "the {}"], done.append)
    assert vectors.shape == (len(names), 32) and vectors.dtype == np.float32
    assert done == [CLASSES_AT_ONCE, len(names)]
    for i in (0, CLASSES_AT_ONCE, len(names) - 1):
        mean = encoder.encode_texts([f"a photo of a {names[i]}.", f"the {names[i]}"]).mean(axis=0)
        assert vectors[i] == pytest.approx(mean / np.linalg.norm(mean), abs=1e-5)


def test_descriptions_are_prompts_like_the_templates(small_clip: CLIP) -> None:
    encoder = encoder_of(small_clip)
    vectors = class_vectors(
        encoder, ["koala", "fly"], ["a {}"], descriptions=[["a grey {} marsupial", "an animal"], []]
    )
    mean = encoder.encode_texts(["a koala", "a grey {} marsupial", "an animal"]).mean(axis=0)
    assert vectors[0] == pytest.approx(mean / np.linalg.norm(mean), abs=1e-5)
    assert vectors[1] == pytest.approx(encoder.encode_texts(["a fly"])[0], abs=1e-5)


def test_classes_equal_clip_benchmarks(small_clip: CLIP) -> None:
    benchmark = pytest.importorskip(
        "clip_benchmark.metrics.zeroshot_classification", reason="pip install --no-deps clip-benchmark==1.6.2"
    )
    encoder = encoder_of(small_clip)
    names, templates = ["cat", "hot dog", "tench"], ["a photo of a {}.", "itap of the {}", "{}"]

    def tokenizer(texts: list[str]) -> torch.Tensor:
        return torch.from_numpy(encoder.tokenizer(texts))

    theirs = benchmark.zero_shot_classifier(
        small_clip, tokenizer, names, [template.replace("{}", "{c}") for template in templates], "cpu", amp=False
    )
    assert class_vectors(encoder, names, templates) == pytest.approx(theirs.T.numpy(), abs=1e-6)


def test_no_classes(small_clip: CLIP) -> None:
    assert class_vectors(encoder_of(small_clip), []).shape == (0, 32)


def test_probabilities_are_the_softmax_of_scaled_cosines() -> None:
    rng = np.random.default_rng(0)
    images, classes = rng.standard_normal((3, 5)).astype(np.float32), rng.standard_normal((7, 5)).astype(np.float32)
    result = probabilities(images, classes, 20.0)
    plain = np.exp(20.0 * images.astype(np.float64) @ classes.T.astype(np.float64))
    assert result == pytest.approx(plain / plain.sum(axis=1, keepdims=True), abs=1e-5)
    assert result.sum(axis=1) == pytest.approx(1.0)


def test_large_scales_do_not_overflow() -> None:
    result = probabilities(np.eye(2, dtype=np.float32), np.eye(2, dtype=np.float32), 1e6)
    assert result.tolist() == [[1.0, 0.0], [0.0, 1.0]]
