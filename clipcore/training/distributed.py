"""The processes of a run: one alone, or those that torchrun started, with DDP or FSDP2 between them.

Every process has an equal share of each batch; the objective sees the whole of it (`clipcore.objectives.sharding`).
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from clipcore.errors import TrainingError
from clipcore.training.model import TrainedCLIP


@dataclass(frozen=True)
class Processes:
    """This process among them."""

    rank: int
    size: int
    device: torch.device
    group: dist.ProcessGroup | None

    @property
    def first(self) -> bool:
        """Whether this is the one that reports and saves."""
        return self.rank == 0

    def share(self, batch_size: int) -> int:
        """How many pairs of a batch are this process's.

        Raises:
            TrainingError: the batch cannot be shared evenly.
        """
        if batch_size % self.size:
            raise TrainingError(f"a batch of {batch_size} cannot be shared evenly by {self.size} processes")
        return batch_size // self.size


@contextmanager
def processes(device: str | None = None) -> Iterator[Processes]:
    """Joins the processes that torchrun started, for as long as the context lasts; without torchrun, one alone."""
    local, size = int(os.environ.get("LOCAL_RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    kind = device or ("cuda" if torch.cuda.is_available() else "cpu")
    where = torch.device(kind, local) if kind == "cuda" else torch.device(kind)
    if where.type == "cuda":
        torch.cuda.set_device(where)
    if size == 1:
        yield Processes(0, 1, where, None)
        return
    dist.init_process_group("nccl" if where.type == "cuda" else "gloo")
    try:
        yield Processes(dist.get_rank(), size, where, dist.group.WORLD)
    finally:
        dist.destroy_process_group()


@dataclass(frozen=True)
class Spread:
    """The model as the processes share it.

    Attributes:
        call: its forward pass; gradients are averaged over processes when it is gone back through,
        no_sync: except in this context.
    """

    model: TrainedCLIP
    call: Callable[..., tuple[Tensor, ...]]
    no_sync: Callable[[], AbstractContextManager[object]]
    sharded: bool = False

    def state_dict(self) -> dict[str, Any]:
        """The whole model's; every process has to ask."""
        if not self.sharded:
            return self.model.state_dict()
        from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict

        return dict(get_model_state_dict(self.model, options=StateDictOptions(full_state_dict=True, cpu_offload=True)))

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """A whole model's, on every process."""
        if not self.sharded:
            self.model.load_state_dict(state)
            return
        from torch.distributed.checkpoint.state_dict import StateDictOptions, set_model_state_dict

        set_model_state_dict(self.model, dict(state), options=StateDictOptions(full_state_dict=True))


def spread(model: TrainedCLIP, among: Processes, shard: bool, compiled: bool) -> Spread:
    """The model on its device: alone, copied to every process (DDP), or in shards (FSDP2)."""
    model.to(among.device)
    if compiled:
        model.clip.visual.compile(dynamic=False)
        model.clip.text.compile(dynamic=True)  # captions have several lengths
    if shard:
        return _sharded(model, among)
    if among.group is None:
        return Spread(model, model, nullcontext)
    whole = DistributedDataParallel(model, [among.device] if among.device.type == "cuda" else None)
    return Spread(model, whole, whole.no_sync)


def _sharded(model: TrainedCLIP, among: Processes) -> Spread:
    """FSDP2: a block's weights are gathered when it is their turn. Scalars cannot be cut, and are averaged apart."""
    from torch.distributed.fsdp import fully_shard, register_fsdp_forward_method

    from clipcore.towers.resnet import Bottleneck
    from clipcore.towers.transformer import ResidualAttentionBlock

    if among.group is None:
        raise TrainingError("--shard spreads the weights over the processes of torchrun, and there is only this one")
    scalars = {parameter for parameter in model.parameters() if parameter.ndim == 0}
    for module in model.modules():
        if isinstance(module, ResidualAttentionBlock | Bottleneck):
            fully_shard(module)
        if isinstance(module, ResidualAttentionBlock):
            register_fsdp_forward_method(module, "of_first")
    fully_shard(model, ignored_params=scalars)
    for method in ("encode_pixels", "encode_tokens"):
        register_fsdp_forward_method(model, method)
    for scalar in scalars:
        scalar.register_post_accumulate_grad_hook(lambda p: _average(p, among))  # type: ignore[no-untyped-call]

    return Spread(model, model, lambda: _no_sync(model), sharded=True)


@contextmanager
def _no_sync(model: nn.Module) -> Iterator[None]:
    model.set_requires_gradient_sync(False)  # type: ignore[operator]
    try:
        yield
    finally:
        model.set_requires_gradient_sync(True)  # type: ignore[operator]


def _average(scalar: Tensor, among: Processes) -> None:
    assert scalar.grad is not None
    dist.all_reduce(scalar.grad, group=among.group)
    scalar.grad /= among.size


def optimizer_state(spread: Spread, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """The whole optimizer's state; every process has to ask."""
    if not spread.sharded:
        return optimizer.state_dict()
    from torch.distributed.checkpoint.state_dict import StateDictOptions, get_optimizer_state_dict

    options = StateDictOptions(full_state_dict=True, cpu_offload=True)
    return dict(get_optimizer_state_dict(spread.model, optimizer, options=options))


def load_optimizer(spread: Spread, optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> None:
    """What `optimizer_state` gave, on every process."""
    if not spread.sharded:
        optimizer.load_state_dict(state)
        return
    from torch.distributed.checkpoint.state_dict import StateDictOptions, set_optimizer_state_dict

    set_optimizer_state_dict(spread.model, optimizer, state, options=StateDictOptions(full_state_dict=True))
