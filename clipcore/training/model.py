"""The CLIP that is trained: raw pixels and tokens in, what the objective needs out; what is locked, what is saved."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from clipcore.clip import CLIP, MAX_LOGIT_SCALE
from clipcore.errors import TrainingError
from clipcore.objectives.sharding import in_full_precision
from clipcore.objectives.siglip import INITIAL_LOGIT_BIAS, INITIAL_LOGIT_SCALE
from clipcore.preprocess import Preprocessing
from clipcore.towers.resnet import Bottleneck, ModifiedResNet
from clipcore.towers.text import TextTransformer
from clipcore.towers.transformer import Transformer
from clipcore.towers.vit import VisionTransformer
from clipcore.training.lora import add_lora
from clipcore.training.recipe import Recipe

_DTYPES = {"fp32": None, "bf16": torch.bfloat16}


class TrainedCLIP(nn.Module):
    """uint8 pixels (batch, size, size, 3) and tokens (batch, length) to unit vectors, both (batch, dim), and the scale.

    Vectors are float32, whatever the towers compute in. With the sigmoid objective its bias is a fourth output.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, clip: CLIP, preprocessing: Preprocessing, recipe: Recipe, fresh: bool = True) -> None:
        """
        Args:
            fresh: the weights are random ones, and the sigmoid objective may choose where its scale begins.

        Raises:
            TrainingError: savings that exclude each other.
        """
        super().__init__()
        if recipe.half_text_weights and (recipe.precision != "bf16" or recipe.shard or recipe.lora_rank):
            raise TrainingError("half_text_weights needs precision bf16, and neither shard nor lora_rank beside it")
        self.clip = clip.requires_grad_(True)
        self.logit_bias: nn.Parameter | None = None
        if recipe.objective == "sigmoid":
            self.logit_bias = nn.Parameter(torch.tensor(INITIAL_LOGIT_BIAS))
            if fresh:
                nn.init.constant_(clip.logit_scale, INITIAL_LOGIT_SCALE)
        clip.visual.requires_grad_(not recipe.lock_image)
        clip.text.requires_grad_(not recipe.lock_text)
        if recipe.half_text_weights:
            _halve(clip.text)
        if recipe.lora_rank:
            add_lora(clip, recipe.lora_rank, recipe.lora_alpha)
        if isinstance(clip.visual, VisionTransformer):
            clip.visual.patch_dropout = 0.0 if recipe.lock_image else recipe.patch_dropout
        if recipe.checkpointing:
            _checkpoint(clip)
        self._dtype = _DTYPES[recipe.precision]
        self.register_buffer("mean", torch.tensor(preprocessing.mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(preprocessing.std).view(1, 3, 1, 1), persistent=False)

    def train(self, mode: bool = True) -> "TrainedCLIP":
        """What is locked stays in evaluation mode: no patch is dropped there, no statistic of a batch is learned."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d) and not module.weight.requires_grad:
                module.eval()
        return self

    def forward(self, pixels: Tensor, tokens: Tensor) -> tuple[Tensor, ...]:
        images, texts = self.encode_pixels(pixels), self.encode_tokens(tokens)
        bias = () if self.logit_bias is None else (self.logit_bias + 0,)  # not the leaf: it may be encoded twice
        return images, texts, self.clip.logit_scale.exp(), *bias

    def encode_pixels(self, pixels: Tensor) -> Tensor:
        """uint8 (batch, size, size, 3) -> float32 (batch, dim), unit length."""
        x = pixels.permute(0, 3, 1, 2).float() / 255  # (batch, 3, size, size)
        with self._autocast(x):
            features = self.clip.visual((x - self.mean) / self.std)
        (features,) = in_full_precision(features)
        return F.normalize(features, dim=-1)

    def encode_tokens(self, tokens: Tensor) -> Tensor:
        """int64 (batch, length) -> float32 (batch, dim), unit length."""
        with self._autocast(tokens):
            features = self.clip.text(tokens)
        (features,) = in_full_precision(features)
        return F.normalize(features, dim=-1)

    def _autocast(self, like: Tensor) -> torch.autocast:
        return torch.autocast(like.device.type, dtype=self._dtype or torch.bfloat16, enabled=self._dtype is not None)

    @torch.no_grad()
    def cap_logit_scale(self) -> bool:
        """Holds the factor at 100 or below (section 2.5); whether it had to."""
        cap = math.log(MAX_LOGIT_SCALE)
        over = bool(self.clip.logit_scale > cap)
        self.clip.logit_scale.clamp_(max=cap)
        return over


def _checkpoint(clip: CLIP) -> None:
    """Computes activations again in the backward pass; batch norm, which then sees a batch twice, learns the same."""
    for module in clip.modules():
        if isinstance(module, Transformer | ModifiedResNet):
            module.checkpointing = True
        if isinstance(module, Bottleneck):
            for norm in (m for m in module.modules() if isinstance(m, nn.BatchNorm2d)):
                norm.momentum = 1 - (1 - (norm.momentum or 0.0)) ** 0.5


def _halve(text: TextTransformer) -> None:
    """The matrices in bfloat16; what is added to the residual stream as it is stays in float32."""
    for module in text.modules():
        for name, weight in module.named_parameters(recurse=False):
            if weight.ndim >= 2 and name != "positional_embedding":
                setattr(module, name, nn.Parameter(weight.detach().bfloat16(), weight.requires_grad))
