"""What objectives over several processes share: each has its own rows, and texts are gathered.

Every rank computes the loss of its own images against all texts, so only texts travel: once forward, and their
gradients once back. `DistributedDataParallel` averages the gradients of parameters over ranks; for that average to be
the gradient of the mean loss, a feature's gradient is the *sum* of what all ranks' losses say of it (`scatter_sums`).

A group of None is this process alone.
"""

import torch
import torch.distributed as dist
from torch import Tensor

Group = dist.ProcessGroup | None


def rank_of(group: Group) -> int:
    """This process's place in the group, from 0."""
    return 0 if group is None else dist.get_rank(group)


def size_of(group: Group) -> int:
    """How many processes the group has."""
    return 1 if group is None else dist.get_world_size(group)


def gather_rows(rows: Tensor, group: Group) -> Tensor:
    """(rows, ...) of every rank, as many each, in the order of ranks: (ranks * rows, ...), without a graph."""
    if group is None:
        return rows
    gathered = rows.new_empty((size_of(group) * len(rows), *rows.shape[1:]))
    dist.all_gather_into_tensor(gathered, rows.contiguous(), group=group)
    return gathered


def scatter_sums(rows: Tensor, group: Group) -> Tensor:
    """(ranks * rows, ...) of every rank, added up, and of the sum this rank's own (rows, ...)."""
    if group is None:
        return rows
    own = rows.new_empty((len(rows) // size_of(group), *rows.shape[1:]))
    dist.reduce_scatter_tensor(own, rows.contiguous(), group=group)
    return own


def mean_over_ranks(value: Tensor, group: Group) -> Tensor:
    """The mean of every rank's `value`, the same on all."""
    if group is None:
        return value
    total = value.clone()
    dist.all_reduce(total, group=group)
    return total / size_of(group)


def own_columns(rows: int, group: Group) -> slice:
    """Where this rank's texts stand among the gathered ones."""
    start = rank_of(group) * rows
    return slice(start, start + rows)


def in_full_precision(*tensors: Tensor) -> tuple[Tensor, ...]:
    """bf16 and fp16 as float32: at a scale of 100, a logit rounded to bf16 would be off by as much as 0.25."""
    return tuple(t.float() if t.dtype in (torch.bfloat16, torch.float16) else t for t in tensors)
