"""CLIP in torch, on a CUDA device when there is one: float32, or bfloat16 throughout."""

import copy
import logging
from collections.abc import Callable, Iterator
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from clipcore.agreement import agreement, check_set
from clipcore.clip import CLIP
from clipcore.preprocess import Pixels, Preprocessing
from clipcore.runtimes.base import Features, Vectors
from clipcore.tokenizer import Tokenizer, Tokens

_log = logging.getLogger(__name__)

TorchPrecision = Literal["fp32", "bf16"]
GPU_BATCH = 256  # inputs that travel and are computed together
_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


class NormalisedImageTower(nn.Module):
    """Raw uint8 pixels (n, size, size, 3) to unit vectors (n, embed_dim): normalisation, then the image tower."""

    mean: Tensor
    std: Tensor

    def __init__(self, clip: CLIP, preprocessing: Preprocessing) -> None:
        super().__init__()
        self.clip = clip
        self.register_buffer("mean", torch.tensor(preprocessing.mean).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(preprocessing.std).view(1, 3, 1, 1))

    def forward(self, pixels: Tensor) -> Tensor:
        return self.clip.encode_image(self.normalised(pixels))

    def features(self, pixels: Tensor) -> Tensor:
        """Raw uint8 pixels (n, size, size, 3) to features before the projection (n, features)."""
        return self.clip.image_features(self.normalised(pixels))

    def normalised(self, pixels: Tensor) -> Tensor:
        x = pixels.permute(0, 3, 1, 2).float() / 255  # (n, 3, size, size)
        return ((x - self.mean) / self.std).to(self.clip.logit_scale.dtype)


def choose_torch_precision(
    clip: CLIP, preprocessing: Preprocessing, tokenizer: Tokenizer, device: str | None
) -> TorchPrecision:
    """The faster one on `device` whose vectors agree with float32 (`clipcore.agreement`): bf16 on a GPU, where it does.

    Leaves the model in float32. On a CPU it is "fp32" unasked: ONNX Runtime is what runs fast there.
    """
    runtime = TorchRuntime(clip, preprocessing, device)
    if runtime.device.type != "cuda" or not torch.cuda.is_bf16_supported():
        return "fp32"
    return "bf16" if agrees_in_bf16(clip, preprocessing, tokenizer, device) else "fp32"


def agrees_in_bf16(clip: CLIP, preprocessing: Preprocessing, tokenizer: Tokenizer, device: str | None) -> bool:
    """Whether both towers' vectors of real pictures and captions are the same in bf16, as far as that matters."""
    pictures, captions = check_set()
    pixels, tokens = np.stack([preprocessing(picture) for picture in pictures]), tokenizer(captions)
    exact = TorchRuntime(clip, preprocessing, device)
    wanted = exact.encode_pixels(pixels), exact.encode_tokens(tokens)
    faster = TorchRuntime(copy.deepcopy(clip), preprocessing, device, "bf16")
    given = faster.encode_pixels(pixels), faster.encode_tokens(tokens)
    for tower, a, b in zip(("image", "text"), wanted, given, strict=True):
        found = agreement(a, b)
        _log.info("%s bf16: %s", tower, found)
        if not found.holds:
            return False
    return True


class TorchRuntime:
    """Runs a CLIP on `device` ("cuda", "cpu", None for the best there is).

    In "bf16" the weights and all activations have that type; pixels are normalised, and vectors brought to unit length,
    in float32. On a GPU, inputs travel through pinned memory in a stream of their own: what is sent next is under way
    while what came before is computed.
    """

    def __init__(
        self,
        clip: CLIP,
        preprocessing: Preprocessing,
        device: str | None = None,
        precision: TorchPrecision = "fp32",
    ) -> None:
        self.device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self.precision: str = precision
        self._clip = clip.to(self.device, _DTYPES[precision])
        self._image_tower = NormalisedImageTower(self._clip, preprocessing).to(self.device)

    @torch.inference_mode()
    def encode_pixels(self, pixels: Pixels) -> Vectors:
        return _to_numpy(F.normalize(self._run(self._image_tower, pixels), dim=-1))

    @torch.inference_mode()
    def pixel_features(self, pixels: Pixels) -> Features:
        return _to_numpy(self._run(self._image_tower.features, pixels))

    @torch.inference_mode()
    def encode_tokens(self, tokens: Tokens) -> Vectors:
        return _to_numpy(F.normalize(self._run(self._clip.encode_text, tokens), dim=-1))

    def _run(self, tower: Callable[[Tensor], Tensor], inputs: Pixels | Tokens) -> Tensor:
        """float32 (n, features), on the device."""
        return torch.cat([tower(part).float() for part in self._on_device(torch.from_numpy(inputs))])

    def _on_device(self, inputs: Tensor) -> Iterator[Tensor]:
        if self.device.type != "cuda":
            yield inputs.to(self.device)
            return
        copying = torch.cuda.Stream(self.device)  # type: ignore[no-untyped-call]
        computing = torch.cuda.current_stream(self.device)
        for part in torch.split(inputs.pin_memory(), GPU_BATCH):
            with torch.cuda.stream(copying):
                moved = part.to(self.device, non_blocking=True)
            computing.wait_stream(copying)
            moved.record_stream(computing)  # its memory is not given away before what is computed on it is done
            yield moved


def _to_numpy(vectors: Tensor) -> Vectors:
    array: Vectors = vectors.cpu().numpy()
    return array
