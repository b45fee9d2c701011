"""The mean of several runs' weights (model soups, Wortsman et al., arXiv:2203.05482).

Runs that went on from the same weights lie in one valley, and their mean is mostly better than the best of them, at the
price of one.
"""

from collections.abc import Sequence
from pathlib import Path

import torch

from clipcore.errors import TrainingError
from clipcore.training.state import load_run, save_run


def average_runs(runs: Sequence[Path], out: Path) -> None:
    """Writes a run into `out` whose weights are the mean of those of `runs`, with the first one's recipe.

    Raises:
        TrainingError: `out` exists, or one of `runs` is no whole run of the first one's shape.
    """
    if out.exists():
        raise TrainingError(f"{out} exists already: choose another folder, or remove it first")
    model, recipe = load_run(runs[0])
    mean = model.state_dict()
    for number, run in enumerate(runs[1:], start=2):
        other = load_run(run)[0].state_dict()
        if {name: tensor.shape for name, tensor in other.items()} != {name: t.shape for name, t in mean.items()}:
            raise TrainingError(f"{run} has weights of another shape than {runs[0]}")
        for name, tensor in mean.items():
            if tensor.is_floating_point():
                mean[name] = torch.lerp(tensor, other[name], 1 / number)
    model.load_state_dict(mean)
    out.mkdir(parents=True)
    save_run(model, recipe, out)
