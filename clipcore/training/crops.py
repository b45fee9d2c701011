"""Random looks at a batch of pictures, made where the batch lies: crops, mirror images, other light."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from clipcore.training.views import LARGEST_STRETCH, SMALLEST_CROP

LIGHT = 0.25  # brightness, contrast and saturation change by at most this share
WHOLE = 0.2  # share of pictures that are not cropped: what will be asked about is whole


def random_crops(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """Float pixels (batch, 3, size, size) in 0..1 -> the same shape and range, each picture looked at anew.

    Args:
        generator: on the pixels' device.
    """
    count, device = len(pixels), pixels.device

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return torch.rand(count, *shape, device=device, generator=generator) * (high - low) + low

    side = torch.where(uniform(0, 1) < WHOLE, 1.0, uniform(SMALLEST_CROP, 1).sqrt())
    stretch = torch.exp(uniform(-math.log(LARGEST_STRETCH), math.log(LARGEST_STRETCH)) / 2)
    width, height = (side * stretch).clamp(max=1), (side / stretch).clamp(max=1)
    mirrored = torch.where(uniform(0, 1) < 0.5, -1.0, 1.0)
    grid = torch.zeros(count, 2, 3, device=device)
    grid[:, 0, 0], grid[:, 1, 1] = width * mirrored, height
    grid[:, 0, 2], grid[:, 1, 2] = uniform(-1, 1) * (1 - width), uniform(-1, 1) * (1 - height)
    places = F.affine_grid(grid, list(pixels.shape), align_corners=False).to(pixels.dtype)
    cropped = F.grid_sample(pixels, places, padding_mode="reflection", align_corners=False)
    return _other_light(cropped, *(uniform(1 - LIGHT, 1 + LIGHT, 1, 1, 1).to(pixels.dtype) for _ in range(3)))


def _other_light(pixels: Tensor, brightness: Tensor, contrast: Tensor, saturation: Tensor) -> Tensor:
    pixels = pixels * brightness
    mean = pixels.mean(dim=(1, 2, 3), keepdim=True)
    pixels = (pixels - mean) * contrast + mean
    grey = pixels.mean(dim=1, keepdim=True)
    return ((pixels - grey) * saturation + grey).clamp(0, 1)
