"""CLIP in torch, float32, on a CUDA device when there is one."""

import torch
from torch import Tensor, nn

from clipcore.clip import CLIP
from clipcore.preprocess import Pixels, Preprocessing
from clipcore.runtimes.base import Features, Vectors
from clipcore.tokenizer import Tokens


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
        return (x - self.mean) / self.std


class TorchRuntime:
    """Runs a CLIP on `device` ("cuda", "cpu", None for the best there is)."""

    precision = "fp32"

    def __init__(self, clip: CLIP, preprocessing: Preprocessing, device: str | None = None) -> None:
        self.device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self._clip = clip.to(self.device)
        self._image_tower = NormalisedImageTower(self._clip, preprocessing).to(self.device)

    @torch.inference_mode()
    def encode_pixels(self, pixels: Pixels) -> Vectors:
        return self._to_numpy(self._image_tower(torch.from_numpy(pixels).to(self.device)))

    @torch.inference_mode()
    def pixel_features(self, pixels: Pixels) -> Features:
        return self._to_numpy(self._image_tower.features(torch.from_numpy(pixels).to(self.device)))

    @torch.inference_mode()
    def encode_tokens(self, tokens: Tokens) -> Vectors:
        return self._to_numpy(self._clip.encode_text(torch.from_numpy(tokens).to(self.device)))

    @staticmethod
    def _to_numpy(vectors: Tensor) -> Vectors:
        array: Vectors = vectors.float().cpu().numpy()
        return array
