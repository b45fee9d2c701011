"""The symmetric cross-entropy over cosine similarities (Radford et al., arXiv:2103.00020, section 2.3 and figure 3).

At the paper's batch of 32,768 the similarity matrix takes 4 GiB in float32, and differentiating the plain formula holds
several of it. Here the matrix exists a block of rows at a time: forward keeps only each row's and each column's
log-sum-exp, and backward computes every block again. The result is the plain formula's, not an estimate of it.

Over several processes (`clipcore.objectives.sharding`) each rank does the rows of its own images: an N / ranks share of
the work, exactly once.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from clipcore.objectives.sharding import (
    Group,
    gather_rows,
    in_full_precision,
    mean_over_ranks,
    own_columns,
    scatter_sums,
)

BLOCK = 1024  # rows at once: at N = 32,768 one block is 128 MiB


def contrastive_loss(
    images: Tensor, texts: Tensor, logit_scale: Tensor, *, block: int = BLOCK, group: Group = None
) -> Tensor:
    """The mean of image-to-text and text-to-image cross-entropy over the global batch; a scalar, the same on each rank.

    Computed in float32 (float64 where the features are), under autocast too; gradients have their features' dtype.

    Args:
        images: (batch, dim) float, L2-normalised; this rank's.
        texts: (batch, dim) float, L2-normalised; row i describes image i.
        logit_scale: scalar factor, learned from 1 / 0.07 and never above 100 (`clipcore.clip`).
        block: rows of the similarity matrix that are held at once; more is hardly faster past a thousand.
        group: the processes whose batches, of one size, make up the global batch; None for this process alone.
            Parameters get the gradients of the global loss once those of all ranks are averaged, as
            `DistributedDataParallel` does.
    """
    if images.shape != texts.shape or images.ndim != 2:
        raise ValueError(f"expected as many images as texts, (batch, dim), got {[*images.shape]} and {[*texts.shape]}")
    loss: Tensor = _SymmetricCrossEntropy.apply(images, texts, logit_scale, block, group)  # type: ignore[no-untyped-call]
    return loss


class _SymmetricCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, images: Tensor, texts: Tensor, logit_scale: Tensor, block: int, group: Group) -> Tensor:
        ctx.dtypes = images.dtype, texts.dtype
        with torch.autocast(images.device.type, enabled=False):
            images, own_texts = in_full_precision(images, texts)
            scale = logit_scale.to(images.dtype)
            all_texts = gather_rows(own_texts, group)  # (ranks * batch, dim)
            rows, columns = _log_sums(images, all_texts, scale, block)
            columns = gather_rows(columns[None], group).logsumexp(dim=0)  # over the rows of all ranks
            right = scale * (images * own_texts).sum(dim=1)
            own = columns[own_columns(len(images), group)]
            loss = mean_over_ranks(((rows + own) / 2 - right).mean(), group)
        ctx.save_for_backward(images, own_texts, logit_scale, rows, columns)
        ctx.block, ctx.group = block, group
        return loss

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, ...]:
        images, own_texts, logit_scale, rows, columns = ctx.saved_tensors
        with torch.autocast(images.device.type, enabled=False):
            scale = logit_scale.to(images.dtype)
            texts = gather_rows(own_texts, ctx.group)
            to_images, to_texts = _by_softmax(images, texts, scale, rows, columns, ctx.block)
            weight = upstream / (2 * len(images))
            # Half of each loss's softmax at its right answer is taken away again, once for either direction.
            to_images = (to_images - 2 * own_texts) * weight
            to_texts = (scatter_sums(to_texts, ctx.group) - 2 * images) * weight
            to_scale = (images * to_images).sum()
        image_dtype, text_dtype = ctx.dtypes
        return (
            (scale * to_images).to(image_dtype),
            (scale * to_texts).to(text_dtype),
            to_scale.to(logit_scale.dtype).reshape(logit_scale.shape),
            None,
            None,
        )


def _blocks(rows: int, block: int) -> Iterator[slice]:
    return (slice(start, min(start + block, rows)) for start in range(0, rows, block))


def _log_sums(images: Tensor, texts: Tensor, scale: Tensor, block: int) -> tuple[Tensor, Tensor]:
    """The log-sum-exp of the logits' rows (images,) and, over these rows, of their columns (texts,)."""
    rows = images.new_empty(len(images))
    columns = images.new_full((len(texts),), -torch.inf)
    for part in _blocks(len(images), block):
        logits = (scale * images[part]) @ texts.T  # (block, texts)
        rows[part] = logits.logsumexp(dim=1)
        columns = torch.logaddexp(columns, logits.logsumexp(dim=0))
    return rows, columns


def _by_softmax(
    images: Tensor, texts: Tensor, scale: Tensor, rows: Tensor, columns: Tensor, block: int
) -> tuple[Tensor, Tensor]:
    """The sum of both directions' softmax, times the texts (images, dim), and its transpose times the images."""
    to_images, to_texts = torch.empty_like(images), torch.zeros_like(texts)
    for part in _blocks(len(images), block):
        logits = (scale * images[part]) @ texts.T  # (block, texts)
        softmax = (logits - rows[part, None]).exp_()
        softmax += logits.sub_(columns).exp_()
        torch.mm(softmax, texts, out=to_images[part])
        to_texts.addmm_(softmax.T, images[part])
    return to_images, to_texts
