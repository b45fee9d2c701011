"""One step: a batch to gradients to new weights, whatever of it fits at a time and however many processes share it."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from clipcore.objectives.cached import cached_backward
from clipcore.objectives.contrastive import contrastive_loss
from clipcore.objectives.siglip import sigmoid_loss
from clipcore.training.data.loader import Batch
from clipcore.training.distributed import Processes, Spread
from clipcore.training.recipe import Recipe

Loss = Callable[..., Tensor]


@dataclass(frozen=True)
class Taken:
    """What a step came to.

    Attributes:
        loss: of the whole batch, before the step; the same on every process.
        gradient_norm: before it was cut.
        capped: the logit scale had to be held at 100.
    """

    loss: float
    gradient_norm: float
    capped: bool

    @property
    def finite(self) -> bool:
        """Whether the weights were touched: loss and gradients are numbers."""
        return self.loss - self.loss == 0 and self.gradient_norm - self.gradient_norm == 0


def take_step(
    spread: Spread, optimizer: torch.optim.Optimizer, batch: Batch, recipe: Recipe, among: Processes
) -> Taken:
    """Gradients of the batch's loss, and the optimizer's step with them; none where they are not finite."""
    optimizer.zero_grad()
    loss = gradients(spread, batch, recipe, among)
    trained = [p for p in spread.model.parameters() if p.grad is not None]
    norm = _norm(trained)
    taken = Taken(float(loss), norm, capped=False)
    if not taken.finite:
        return taken
    if recipe.max_gradient_norm and norm > recipe.max_gradient_norm:
        for parameter in trained:
            assert parameter.grad is not None
            parameter.grad.mul_(recipe.max_gradient_norm / norm)
    optimizer.step()
    return Taken(taken.loss, norm, spread.model.cap_logit_scale())


def gradients(spread: Spread, batch: Batch, recipe: Recipe, among: Processes) -> Tensor:
    """The loss of the whole batch, detached; its gradients are added to the parameters'."""
    objective = loss_of(recipe, among)
    if recipe.micro_batch and recipe.micro_batch < len(batch.keys):
        pixels, tokens = (torch.split(given, recipe.micro_batch) for given in (batch.pixels, batch.tokens))
        chunks = list(zip(pixels, tokens, strict=True))
        return cached_backward(lambda chunk: spread.call(*chunk), chunks, objective, no_sync=spread.no_sync)
    loss = objective(*spread.call(batch.pixels, batch.tokens))
    loss.backward()  # type: ignore[no-untyped-call]
    return loss.detach()


def loss_of(recipe: Recipe, among: Processes) -> Loss:
    """The recipe's objective over the batches of all processes."""
    chosen = sigmoid_loss if recipe.objective == "sigmoid" else contrastive_loss
    return lambda *features: chosen(*features, block=recipe.similarity_block, group=among.group)


def _norm(parameters: list[nn.Parameter]) -> float:
    norm = nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])
    return float(norm.full_tensor() if hasattr(norm, "full_tensor") else norm)
