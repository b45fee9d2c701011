"""The pairwise sigmoid loss (SigLIP, Zhai et al., arXiv:2303.15343, algorithm 1).

Each image and text are asked alone whether they belong together, so nothing is normalised over the batch: a block of
rows gives its loss and its gradients in one go. Over several processes each rank does the rows of its own images.
"""

import math
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from clipcore.objectives.contrastive import BLOCK
from clipcore.objectives.sharding import (
    Group,
    gather_rows,
    in_full_precision,
    mean_over_ranks,
    rank_of,
    scatter_sums,
)

INITIAL_LOGIT_SCALE = math.log(10.0)  # section 3.2: t' and b, for a batch in which nearly every pair is a wrong one
INITIAL_LOGIT_BIAS = -10.0


def sigmoid_loss(
    images: Tensor,
    texts: Tensor,
    logit_scale: Tensor,
    logit_bias: Tensor,
    *,
    block: int = BLOCK,
    group: Group = None,
) -> Tensor:
    """The sum over all pairs of -log sigmoid(+-(scale cos + bias)), by image of the global batch; a scalar.

    Computed in float32 (float64 where the features are), under autocast too; gradients have their features' dtype.

    Args:
        images: (batch, dim) float, L2-normalised; this rank's.
        texts: (batch, dim) float, L2-normalised; row i describes image i, and no other does.
        logit_scale: scalar factor, learned from 10.
        logit_bias: scalar, learned from -10.
        block: rows of the similarity matrix that are held at once.
        group: the processes whose batches make up the global batch, as in `contrastive_loss`.
    """
    if images.shape != texts.shape or images.ndim != 2:
        raise ValueError(f"expected as many images as texts, (batch, dim), got {[*images.shape]} and {[*texts.shape]}")
    loss: Tensor = _PairwiseSigmoid.apply(images, texts, logit_scale, logit_bias, block, group)  # type: ignore[no-untyped-call]
    return loss


class _PairwiseSigmoid(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, images: Tensor, texts: Tensor, scale: Tensor, bias: Tensor, block: int, group: Group
    ) -> Tensor:
        ctx.inputs = tuple((t.dtype, t.shape) for t in (images, texts, scale, bias))
        with torch.autocast(images.device.type, enabled=False):
            images, own_texts = in_full_precision(images, texts)
            all_texts = gather_rows(own_texts, group)  # (ranks * batch, dim)
            scale, bias = scale.to(images.dtype), bias.to(images.dtype)
            loss, *gradients = _loss_and_gradients(images, all_texts, scale, bias, block, rank_of(group))
            gradients[1] = scatter_sums(gradients[1], group)
        ctx.save_for_backward(*gradients)
        return mean_over_ranks(loss, group)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, ...]:
        scaled = (upstream * gradient for gradient in ctx.saved_tensors)
        mine = (g.to(dtype).reshape(shape) for g, (dtype, shape) in zip(scaled, ctx.inputs, strict=True))
        return (*mine, None, None)


def _loss_and_gradients(
    images: Tensor, texts: Tensor, scale: Tensor, bias: Tensor, block: int, rank: int
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """The loss of these images' rows, and its gradients for images, texts, scale and bias."""
    loss, to_bias = images.new_zeros(()), images.new_zeros(())
    to_images, to_texts = torch.empty_like(images), torch.zeros_like(texts)
    for start in range(0, len(images), block):
        part = slice(start, start + block)
        logits = torch.addmm(bias, scale * images[part], texts.T)  # (block, texts)
        right = logits.diagonal(rank * len(images) + start)[: len(logits)]
        # -log sigmoid(-x) = softplus(x) for the wrong pairs; a right one has softplus(-x) = softplus(x) - x instead
        loss += (F.softplus(logits).sum() - right.sum()) / len(images)
        logits.sigmoid_()
        right -= 1  # a view: sigmoid(x) - 1 is the right pairs' derivative
        logits /= len(images)
        to_bias += logits.sum()
        torch.mm(logits, texts, out=to_images[part])
        to_texts.addmm_(logits.T, images[part])
    to_scale = (images * to_images).sum()
    return loss, scale * to_images, scale * to_texts, to_scale, to_bias
