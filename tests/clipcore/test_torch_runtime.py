"""CLIP in torch: precisions on the CPU here, the same vectors from a GPU where there is one."""

import numpy as np
import pytest
import torch
from PIL import Image

from clipcore.agreement import agreement, check_set
from clipcore.clip import CLIP
from clipcore.preprocess import Preprocessing
from clipcore.runtimes.torch_runtime import GPU_BATCH, TorchRuntime, choose_torch_precision
from clipcore.tokenizer import BytePairTokenizer

PREPROCESSING = Preprocessing(size=64)


def test_a_batch_of_any_size_gives_the_same(small_clip: CLIP, pictures: list[Image.Image]) -> None:
    runtime = TorchRuntime(small_clip, PREPROCESSING, "cpu")
    pixels = np.stack([PREPROCESSING(picture) for picture in pictures])
    together = runtime.encode_pixels(pixels)
    alone = np.concatenate([runtime.encode_pixels(one[None]) for one in pixels])
    assert together.dtype == np.float32 and np.allclose(together, alone, atol=1e-6)
    assert runtime.pixel_features(pixels).shape == (6, 64)


@pytest.mark.gpu
def test_a_gpu_gives_what_the_cpu_gives(small_clip: CLIP) -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (GPU_BATCH * 2 + 3, 64, 64, 3), dtype=np.uint8)
    tokens = BytePairTokenizer(77)(["a cat", "a dog on the beach"])
    here = TorchRuntime(small_clip, PREPROCESSING, "cpu")
    wanted = here.encode_pixels(pixels), here.pixel_features(pixels), here.encode_tokens(tokens)
    there = TorchRuntime(small_clip, PREPROCESSING, "cuda")
    given = there.encode_pixels(pixels), there.pixel_features(pixels), there.encode_tokens(tokens)
    for a, b in zip(given, wanted, strict=True):
        assert np.abs(a - b).max() < 1e-2 * np.abs(b).max()


@pytest.mark.gpu
def test_a_gpu_computes_in_what_agrees(small_clip: CLIP) -> None:
    chosen = choose_torch_precision(small_clip, PREPROCESSING, BytePairTokenizer(77), "cuda")
    pixels = np.stack([PREPROCESSING(picture) for picture in check_set()[0]])
    exact = TorchRuntime(small_clip, PREPROCESSING, "cuda").encode_pixels(pixels)
    assert small_clip.logit_scale.dtype == torch.float32
    used = TorchRuntime(small_clip, PREPROCESSING, "cuda", chosen).encode_pixels(pixels)
    assert agreement(exact, used).holds
