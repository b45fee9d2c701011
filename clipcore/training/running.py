"""The model in the middle of its training, as an encoder that can be measured."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from clipcore.encoder import Encoder
from clipcore.preprocess import Pixels, Preprocessing
from clipcore.runtimes.base import Vectors
from clipcore.tokenizer import BytePairTokenizer, Tokens
from clipcore.training.model import TrainedCLIP

TOGETHER = 256


class RunningRuntime:
    """Runs a model where it is, as it is."""

    def __init__(self, model: TrainedCLIP, device: torch.device, precision: str) -> None:
        self._model, self._device = model, device
        self.precision = precision

    @torch.no_grad()
    def encode_pixels(self, pixels: Pixels) -> Vectors:
        return _joined([self._model.encode_pixels(part) for part in self._parts(pixels)])

    @torch.no_grad()
    def encode_tokens(self, tokens: Tokens) -> Vectors:
        return _joined([self._model.encode_tokens(part) for part in self._parts(tokens)])

    def _parts(self, given: NDArray[np.uint8] | NDArray[np.int64]) -> list[Tensor]:
        return [part.to(self._device) for part in torch.split(torch.from_numpy(given), TOGETHER)]


def _joined(parts: list[Tensor]) -> Vectors:
    vectors: Vectors = torch.cat(parts).float().cpu().numpy()
    return vectors


def running_encoder(
    model: TrainedCLIP, preprocessing: Preprocessing, tokenizer: BytePairTokenizer, device: torch.device
) -> Encoder:
    """An encoder with the weights of this moment; its vectors are for measuring, not for keeping."""
    clip = model.clip
    return Encoder(
        name=clip.architecture.name,
        dim=clip.architecture.embed_dim,
        fingerprint="in training",
        logit_scale=float(clip.logit_scale.detach().exp()),
        preprocessing=preprocessing,
        tokenizer=tokenizer,
        runtime=RunningRuntime(model, device, "in training"),
    )
