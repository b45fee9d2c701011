"""What each of two processes does in test_distributed: the gradients of a shared batch, or a whole run."""

import sys
from dataclasses import replace
from pathlib import Path

import torch

from clipcore.training.data.loader import Batch
from clipcore.training.distributed import processes, spread
from clipcore.training.loop import train
from clipcore.training.run import Given
from clipcore.training.step import gradients
from tests.clipcore.training.conftest import RECIPE
from tests.clipcore.training.test_savings import FEW_WORDS, batch, model

GRADIENTS = {
    "copied": {},
    "copied-accumulated": {"micro_batch": 4},
    "sharded": {"shard": True},
    "sharded-accumulated": {"shard": True, "micro_batch": 4},
    "sigmoid": {"objective": "sigmoid"},
}
RUNS = {"copied": {}, "sharded": {"shard": True}}
RUN = {"batch_size": 10, "steps": 6, "save_every": 3, "average": 0.9}


def gradients_of_each(out: Path) -> None:
    with processes("cpu") as among:
        whole = batch(16)
        own = slice(among.rank, None, among.size)
        share = Batch(whole.keys[own], whole.captions[own], whole.pixels[own], whole.tokens[own])
        for name, changes in GRADIENTS.items():
            recipe = replace(RECIPE, architecture=FEW_WORDS, similarity_block=3, **changes)  # type: ignore[arg-type]
            shared = spread(model(recipe), among, recipe.shard, False)
            loss = gradients(shared, share, recipe, among)
            found = {n: _whole(p.grad) for n, p in shared.model.named_parameters() if p.grad is not None}
            if among.first:
                torch.save({"loss": loss, "gradients": found}, out / f"{name}.pt")


def whole_run(name: str, out: Path, tar: Path, merges: Path) -> None:
    recipe = replace(RECIPE, **RUN, **RUNS[name])  # type: ignore[arg-type]
    train(recipe, Given([str(tar)], out / name, vocabulary=merges), "cpu")


def _whole(gradient: torch.Tensor) -> torch.Tensor:
    return gradient.full_tensor() if hasattr(gradient, "full_tensor") else gradient


if __name__ == "__main__":
    torch.set_num_threads(1)
    what, out, *more = sys.argv[1:]
    gradients_of_each(Path(out)) if what == "gradients" else whole_run(what, Path(out), *map(Path, more))
