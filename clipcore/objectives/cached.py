"""Cached gradients: a batch far larger than memory, with the gradient of the whole (GradCache, Gao et al.,
arXiv:2101.06983).

A contrastive loss needs the features of all pairs at once, but the activations behind them only a chunk at a time:
embed every chunk without a graph; take the loss and its gradient with respect to the features; embed each chunk again,
now with a graph, and go back through it with the part of that gradient that is its own. One more forward pass buys a
batch that only its features limit: 32,768 pairs in 512 dimensions are 128 MiB.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TypeVar

import torch
from torch import Tensor

Chunk = TypeVar("Chunk")
Features = tuple[Tensor, ...]


def cached_backward(
    encode: Callable[[Chunk], Features],
    chunks: Sequence[Chunk],
    objective: Callable[..., Tensor],
    *,
    no_sync: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> Tensor:
    """The loss of all chunks together, detached; adds its gradients to the parameters', as ``loss.backward()`` would.

    For CLIP, whose forward gives both sides' vectors and the scale::

        loss = cached_backward(lambda c: ddp(*c), chunks, contrastive_loss, no_sync=ddp.no_sync)

    Each chunk is encoded twice with the same random numbers of torch (dropout, patch dropout); what `encode` draws from
    elsewhere, it must draw the same both times. What a layer learns of the whole batch in its forward pass (batch
    normalisation) sees a chunk instead, twice. Autocast may be around the call or inside `encode`.

    Args:
        encode: a chunk to features, a tuple. Tensors with rows, (chunk, ...), are concatenated over chunks; scalars
            (the logit scale) are taken once, and must be the same for every chunk.
        chunks: of any sizes, one or more.
        objective: is called with the whole batch's features; a scalar. Several losses are one that adds them up.
        no_sync: the context in which a backward pass does not average gradients over ranks
            (`DistributedDataParallel.no_sync`); all chunks but the last are in it. Every rank needs as many chunks.
    """
    if not chunks:
        raise ValueError("expected at least one chunk")
    states = []
    embedded = []
    with torch.no_grad():
        for chunk in chunks:
            states.append(_random_state())
            embedded.append(encode(chunk))
    torch.clear_autocast_cache()  # it holds weights cast without a graph, which no gradient would pass
    loss, gradients = _loss_and_gradients(embedded, objective)
    for i, chunk in enumerate(chunks):
        last = i == len(chunks) - 1
        with nullcontext() if last else no_sync(), torch.random.fork_rng(_devices()):
            _restore(states[i])
            _backward(encode(chunk), [gradient[i] for gradient in gradients])
    return loss


def _loss_and_gradients(
    embedded: Sequence[Features], objective: Callable[..., Tensor]
) -> tuple[Tensor, list[list[Tensor | None]]]:
    """The loss, and for each feature what each chunk is to go back with."""
    columns = list(zip(*embedded, strict=True))
    features = [_whole(parts).detach() for parts in columns]
    loss = objective(*(f.requires_grad_(f.is_floating_point()) for f in features))
    loss.backward()  # type: ignore[no-untyped-call]
    return loss.detach(), [_by_chunk(f.grad, parts) for f, parts in zip(features, columns, strict=True)]


def _whole(parts: Sequence[Tensor]) -> Tensor:
    return torch.cat(list(parts)) if parts[0].ndim else parts[0]


def _by_chunk(gradient: Tensor | None, parts: Sequence[Tensor]) -> list[Tensor | None]:
    """A scalar's gradient goes with the last chunk, whose backward pass is the one that ranks average."""
    if gradient is None:
        return [None] * len(parts)
    if not gradient.ndim:
        return [*[None] * (len(parts) - 1), gradient]
    return list(torch.split(gradient, [len(part) for part in parts]))


def _backward(features: Features, gradients: Sequence[Tensor | None]) -> None:
    wanted = [(f, g) for f, g in zip(features, gradients, strict=True) if g is not None and f.requires_grad]
    if wanted:
        torch.autograd.backward([f for f, _ in wanted], [g for _, g in wanted])


def _devices() -> list[int]:
    """The CUDA device whose random numbers `encode` draws, if it draws any."""
    return [torch.cuda.current_device()] if torch.cuda.is_available() else []


def _random_state() -> list[Tensor]:
    return [torch.get_rng_state(), *(torch.cuda.get_rng_state(device) for device in _devices())]


def _restore(state: list[Tensor]) -> None:
    torch.set_rng_state(state[0])
    for device, of_device in zip(_devices(), state[1:], strict=False):
        torch.cuda.set_rng_state(of_device, device)
