"""One method of a module as a module of its own: what exports or runs modules calls them, and no methods."""

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn


class OneWay(nn.Module):
    """`OneWay(clip, CLIP.encode_text)(tokens)` is `clip.encode_text(tokens)`; the module is a part of it."""

    def __init__(self, module: nn.Module, way: Callable[[Any, Tensor], Tensor]) -> None:
        super().__init__()
        self.module = module
        self._way = way

    def forward(self, given: Tensor) -> Tensor:
        """As the method."""
        return self._way(self.module, given)
