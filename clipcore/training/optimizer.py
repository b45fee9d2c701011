"""AdamW with decoupled weight decay on all weights that are not gains or biases (Radford et al., section 2.5)."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import nn

from clipcore.training.half_adamw import HalfAdamW

BETAS = (0.9, 0.98)  # appendix F, table 18 (ViT)
EPSILON = 1e-6


@dataclass(frozen=True)
class RatedModules:
    """Modules and loose parameters that share a peak learning rate."""

    rate: float
    parameters: tuple[nn.Parameter, ...]


def rated(rate: float, *modules: nn.Module | nn.Parameter) -> RatedModules:
    """Every parameter of `modules`, to be trained at `rate`."""
    found = [p for m in modules for p in ([m] if isinstance(m, nn.Parameter) else m.parameters())]
    return RatedModules(rate, tuple(found))


def adamw(
    groups: Iterable[RatedModules],
    weight_decay: float,
    betas: tuple[float, float] = BETAS,
    epsilon: float = EPSILON,
    *,
    half: bool = False,
    fused: bool | None = None,
) -> torch.optim.Optimizer:
    """The optimizer over `groups`; parameters of fewer than two dimensions (gains, biases, scalars) are not decayed.

    Parameters of groups with a rate of 0 are locked and left out. Each of the optimizer's groups keeps its peak rate
    under "peak".

    Args:
        half: keep statistics in 16 bits, and round weights that have 16 bits stochastically (`HalfAdamW`).
    """
    made = []
    for group in groups:
        for parameter in group.parameters:
            parameter.requires_grad_(group.rate > 0)
        if group.rate > 0:
            made += decayed(group.parameters, weight_decay, group.rate)
    if half:
        return HalfAdamW(made, betas, epsilon)
    return torch.optim.AdamW(made, betas=betas, eps=epsilon, fused=fused)


def decayed(parameters: Iterable[nn.Parameter], weight_decay: float, rate: float) -> list[dict[str, object]]:
    """Two of an optimizer's groups: matrices, which are decayed, and the rest."""
    parameters = list(parameters)
    matrices = [p for p in parameters if p.ndim >= 2]
    others = [p for p in parameters if p.ndim < 2]
    return [
        {"params": matrices, "weight_decay": weight_decay, "lr": rate, "peak": rate},
        {"params": others, "weight_decay": 0.0, "lr": rate, "peak": rate},
    ]


def set_rate(optimizer: torch.optim.Optimizer, factor: float) -> None:
    """Every group's learning rate to `factor` of its peak."""
    for group in optimizer.param_groups:
        group["lr"] = factor * group["peak"]
