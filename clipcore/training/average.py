"""A running average of the weights, which evaluates better than those of any one step."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.distributed.tensor import DTensor, distribute_tensor


class RunningAverage:
    """The exponential moving average of what is trained; what is locked is what it was, and is not kept twice.

    The decay grows towards its value, min(decay, (1 + n) / (10 + n)) at step n, so that the random beginning is soon
    forgotten. Averages are float32, whatever the weights are: a step of one is too small for 16 bits.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self._decay = decay
        self._trained = {name: p for name, p in module.named_parameters() if p.requires_grad}
        self._averages = {name: p.detach().float().clone() for name, p in self._trained.items()}
        self._steps = 0

    @torch.no_grad()
    def update(self) -> None:
        """Takes in the weights as they now are."""
        decay = min(self._decay, (1 + self._steps) / (10 + self._steps))
        self._steps += 1
        averages, weights = list(self._averages.values()), [p.detach().float() for p in self._trained.values()]
        torch._foreach_lerp_(averages, weights, 1 - decay)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """The module has the averages for its weights."""
        kept = {name: weight.detach().clone() for name, weight in self._trained.items()}
        self.put_in_place()
        try:
            yield
        finally:
            self._copy(kept)

    def put_in_place(self) -> None:
        """The module has the averages for its weights, from now on."""
        self._copy(self._averages)

    @torch.no_grad()
    def _copy(self, values: Mapping[str, Tensor]) -> None:
        for name, weight in self._trained.items():
            weight.copy_(values[name])

    def state_dict(self) -> dict[str, Tensor]:
        """Ready to be saved, whole; every process that has a shard has to ask."""
        whole = {
            name: average.full_tensor() if isinstance(average, DTensor) else average
            for name, average in self._averages.items()
        }
        return {**whole, "steps": torch.tensor(self._steps)}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """What `state_dict` gave."""
        self._steps = int(state["steps"])
        for name, average in self._averages.items():
            kept = state[name].to(average.device)
            if isinstance(average, DTensor):
                kept = distribute_tensor(kept, average.device_mesh, average.placements)
            average.copy_(kept)
