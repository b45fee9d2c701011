"""AdamW in half the memory: 16-bit statistics, and 16-bit weights rounded stochastically (section 2.5).

Statistics: Adam's mean and the root of its second moment, each a 16-bit float times one scale a tensor (Dhariwal et
al., arXiv:2005.00341, do so for Jukebox). The root is kept because its range is half of the square's, and fits.

Weights: a step is often smaller than half the distance between two 16-bit numbers, and rounded to the nearest it would
be lost. Rounded up or down by lot, in proportion to where it lies between them, it is right on average.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

LARGEST = 32768.0  # what the largest of a tensor's statistics becomes; half of what 16 bits hold


class HalfAdamW(torch.optim.Optimizer):
    """torch's AdamW with `betas`, `epsilon` and decoupled weight decay.

    Random numbers come from a generator that each step seeds anew, so every process of a run, and a run that was
    stopped and resumed, rounds alike.
    """

    def __init__(
        self, groups: Iterable[dict[str, Any]], betas: tuple[float, float], epsilon: float, seed: int = 0
    ) -> None:
        super().__init__(groups, {"lr": 1e-3, "betas": betas, "eps": epsilon, "weight_decay": 0.0, "seed": seed})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        for number, group in enumerate(self.param_groups):
            for place, weight in enumerate(group["params"]):
                if weight.grad is not None:
                    self._update(weight, group, (number, place))

    def _update(self, weight: Tensor, group: dict[str, Any], place: tuple[int, int]) -> None:
        state = self.state[weight]
        if not state:
            state["step"] = torch.tensor(0)
            state["mean"] = torch.zeros_like(weight, dtype=torch.half)
            state["root"] = torch.zeros_like(weight, dtype=torch.half)
            state["mean_scale"] = state["root_scale"] = torch.zeros((), device=weight.device)
        state["step"] += 1
        step, (beta1, beta2), rate = int(state["step"]), group["betas"], group["lr"]
        gradient, value = weight.grad.float(), weight.float()  # type: ignore[union-attr]
        mean = (state["mean"].float() * state["mean_scale"]).lerp_(gradient, 1 - beta1)
        square = (state["root"].float() * state["root_scale"]).square_().mul_(beta2)
        root = square.addcmul_(gradient, gradient, value=1 - beta2).sqrt_()
        state["mean"], state["mean_scale"] = _packed(mean)
        state["root"], state["root_scale"] = _packed(root)

        value.mul_(1 - rate * group["weight_decay"])
        divisor = (root / (1 - beta2**step) ** 0.5).add_(group["eps"])
        value.addcdiv_(mean, divisor, value=-rate / (1 - beta1**step))
        if weight.dtype == torch.bfloat16:
            generator = torch.Generator(weight.device).manual_seed(hash((group["seed"], step, *place)) % 2**63)
            value = rounded_stochastically(value, generator)
        weight.copy_(value)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """As torch's, but every statistic keeps its own type, not its weight's."""
        super().load_state_dict(state_dict)
        weights = [weight for group in self.param_groups for weight in group["params"]]
        for number, kept in state_dict["state"].items():
            weight = weights[number]
            self.state[weight] = {n: t.clone() if n == "step" else t.to(weight.device) for n, t in kept.items()}


def _packed(values: Tensor) -> tuple[Tensor, Tensor]:
    """In 16 bits, and the scale that gives the values back."""
    scale = (values.abs().max() / LARGEST).clamp_(min=torch.finfo(torch.float32).tiny)
    return (values / scale).half(), scale


def rounded_stochastically(values: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """float32 to bfloat16, up or down by lot so that it is right on average.

    bfloat16 is the upper half of a float32's bits: a random number is added to the lower half, and that is cut off.
    """
    noise = torch.randint(0, 2**16, values.shape, dtype=torch.int32, device=values.device, generator=generator)
    bits = (values.view(torch.int32) + noise) & -(2**16)
    return torch.where(values.isfinite(), bits.view(torch.float32), values).bfloat16()
