"""A model of open_clip in torch, float32, on a CUDA device when there is one."""

from typing import Any

import torch
from torch import Tensor, nn

from clipcore.preprocess import Pixels, Preprocessing
from clipcore.runtimes.base import Vectors
from clipcore.tokenizer import Tokens


class OpenClipRuntime:
    """Runs any module with open_clip's ``encode_image`` and ``encode_text``."""

    precision = "fp32"

    def __init__(self, model: nn.Module, preprocessing: Preprocessing, device: str | None = None) -> None:
        self.device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self._model: Any = model.to(self.device)
        self._mean = torch.tensor(preprocessing.mean, device=self.device).view(1, 3, 1, 1)
        self._std = torch.tensor(preprocessing.std, device=self.device).view(1, 3, 1, 1)

    @torch.inference_mode()
    def encode_pixels(self, pixels: Pixels) -> Vectors:
        x = torch.from_numpy(pixels).to(self.device).permute(0, 3, 1, 2).float() / 255  # (n, 3, size, size)
        return _to_numpy(self._model.encode_image((x - self._mean) / self._std, normalize=True))

    @torch.inference_mode()
    def encode_tokens(self, tokens: Tokens) -> Vectors:
        return _to_numpy(self._model.encode_text(torch.from_numpy(tokens).to(self.device), normalize=True))


def _to_numpy(vectors: Tensor) -> Vectors:
    array: Vectors = vectors.float().cpu().numpy()
    return array
