"""A small CLIP, a batch for it, and the formulas as the papers print them; for tests in one and in two processes."""

from collections.abc import Callable
from pathlib import Path

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.parallel import DistributedDataParallel

from clipcore.architectures import Architecture, TextShape, ViTShape
from clipcore.clip import CLIP
from clipcore.objectives.cached import cached_backward
from clipcore.objectives.contrastive import contrastive_loss
from clipcore.objectives.siglip import sigmoid_loss

SMALL = Architecture(
    "small", 16, ViTShape(16, 8, 32, 2, 2, 64), TextShape(32, 2, 2, context_length=8, vocab_size=50), "gelu"
)
BATCH = 12
Gradients = dict[str, Tensor]
Chunk = tuple[Tensor, Tensor]


class WithBias(nn.Module):
    """A CLIP that also learns SigLIP's bias."""

    def __init__(self) -> None:
        super().__init__()
        self.clip = CLIP(SMALL)
        self.logit_bias = nn.Parameter(torch.tensor(-2.0))

    def forward(self, pixels: Tensor, tokens: Tensor) -> tuple[Tensor, ...]:
        return (*self.clip(pixels, tokens), self.logit_bias * 1)


def model() -> WithBias:
    torch.manual_seed(0)
    return WithBias().double()


def batch() -> Chunk:
    generator = torch.Generator().manual_seed(1)
    pixels = torch.randn(BATCH, 3, 16, 16, dtype=torch.float64, generator=generator)
    return pixels, torch.randint(1, 49, (BATCH, 8), generator=generator)


def figure_3(images: Tensor, texts: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
    """The CLIP paper's pseudo-code; the bias takes no part."""
    logits = scale * images @ texts.T
    labels = torch.arange(len(logits))
    return (F.cross_entropy(logits, labels) + F.cross_entropy(logits.T, labels)) / 2 + 0 * bias


def algorithm_1(images: Tensor, texts: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
    """The SigLIP paper's pseudo-code."""
    logits = images @ texts.T * scale + bias
    labels = 2 * torch.eye(len(logits), dtype=logits.dtype) - 1
    return -F.logsigmoid(labels * logits).sum() / len(logits)


PLAIN: dict[str, Callable[..., Tensor]] = {"contrastive": figure_3, "sigmoid": algorithm_1}


def blocked(name: str, block: int, group: dist.ProcessGroup | None = None) -> Callable[..., Tensor]:
    def contrastive(images: Tensor, texts: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
        return contrastive_loss(images, texts, scale, block=block, group=group) + 0 * bias

    def sigmoid(images: Tensor, texts: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
        return sigmoid_loss(images, texts, scale, bias, block=block, group=group)

    return {"contrastive": contrastive, "sigmoid": sigmoid}[name]


def gradients(module: nn.Module) -> Gradients:
    return {name.removeprefix("module."): p.grad for name, p in module.named_parameters() if p.grad is not None}


def in_one_of_two(rank: int, folder: str) -> None:
    """One of two processes, each with half of the batch: all ways to the gradients, saved by name."""
    dist.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=2)
    half = slice(rank * BATCH // 2, (rank + 1) * BATCH // 2)
    pixels, tokens = (part[half] for part in batch())
    for name in PLAIN:
        objective = blocked(name, 4, dist.group.WORLD)
        for way in ("at once", "accumulated"):
            ddp = DistributedDataParallel(model())
            if way == "at once":
                loss = objective(*ddp(pixels, tokens))
                loss.backward()
            else:
                chunks = list(zip(pixels.split(4), tokens.split(4), strict=True))  # of four and two pairs
                loss = cached_backward(lambda c, ddp=ddp: ddp(*c), chunks, objective, no_sync=ddp.no_sync)
            torch.save((loss.detach(), gradients(ddp)), Path(folder) / f"{name} {way} {rank}.pt")
    dist.destroy_process_group()
