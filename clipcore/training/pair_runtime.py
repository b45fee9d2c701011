"""A borrowed pair in training, as an encoder: what measures encoders then measures a run."""

from collections.abc import Callable

import torch
from torch import Tensor

from clipcore.encoder import Encoder
from clipcore.locked_pair import LockedPair
from clipcore.one_way import OneWay
from clipcore.preprocess import Pixels, Preprocessing
from clipcore.runtimes.base import Vectors
from clipcore.tokenizer import Tokenizer, Tokens
from clipcore.training.features import FromBytes

TOGETHER = 256


class PairRuntime:
    """Both towers on the device where they are."""

    def __init__(self, model: LockedPair, preprocessing: Preprocessing) -> None:
        self._model = model
        self._device = model.logit_scale.device
        self._images = FromBytes(OneWay(model, LockedPair.encode_image), preprocessing).to(self._device)
        self.precision = "bf16" if self._device.type == "cuda" else "fp32"

    def encode_pixels(self, pixels: Pixels) -> Vectors:
        """As `Runtime.encode_pixels`."""
        return self._all(self._images, pixels)

    def encode_tokens(self, tokens: Tokens) -> Vectors:
        """As `Runtime.encode_tokens`."""
        return self._all(self._model.encode_text, tokens)

    @torch.no_grad()
    def _all(self, tower: Callable[[Tensor], Tensor], given: Pixels | Tokens) -> Vectors:
        batches = torch.from_numpy(given).split(TOGETHER)  # type: ignore[no-untyped-call]
        with torch.autocast(self._device.type, dtype=torch.bfloat16, enabled=self._device.type == "cuda"):
            parts = [tower(batch.to(self._device)).float().cpu() for batch in batches]
        return torch.cat(parts).numpy()


def pair_encoder(model: LockedPair, tokenizer: Tokenizer, preprocessing: Preprocessing) -> Encoder:
    """`model` as it now is; its fingerprint is none, as its weights change."""
    return Encoder(
        name="in training",
        dim=model.shape.embed_dim,
        fingerprint="",
        logit_scale=model.logit_factor.item(),
        preprocessing=preprocessing,
        tokenizer=tokenizer,
        runtime=PairRuntime(model, preprocessing),
    )
