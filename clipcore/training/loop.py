"""Training CLIP: `train` is the loop over `take`, `evaluate` and `save`."""

import json
import math
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from clipcore.errors import TrainingError
from clipcore.training.checkpoint import write_whole
from clipcore.training.data.loader import Batch
from clipcore.training.distributed import processes
from clipcore.training.health import Watch
from clipcore.training.optimizer import set_rate
from clipcore.training.page import write_page
from clipcore.training.recipe import Recipe
from clipcore.training.run import Given, Run
from clipcore.training.schedule import warmup_cosine
from clipcore.training.step import Taken

EVALUATIONS = 20  # in a run, where the recipe does not say
NAMED = 10  # pairs that cannot be used are named up to here, and counted beyond


def train(recipe: Recipe, given: Given, device: str | None = None) -> None:
    """Trains by `recipe` into `given.out`; goes on where a run in that folder was stopped.

    Raises:
        TrainingError: it cannot start or go on; everything that was saved is whole.
    """
    with processes(device) as among:
        run = Run(recipe, given, among)
        try:
            _train(run)
        except OSError as error:  # metrics, charts: a checkpoint says so itself
            raise TrainingError(
                f"cannot write into {run.out}: {error.strerror or error}; what was saved is whole: make room and run "
                "the same command again"
            ) from error
        finally:
            run.board.close()


def _train(run: Run) -> None:
    recipe, steps = run.recipe, run.steps
    every = recipe.evaluate_every or max(1, steps // EVALUATIONS)
    watch = Watch(recipe.warmup_steps, _chance(recipe), run.board.say)
    clock = Clock()
    if run.step == 0:
        run.evaluate()
    with _asked_to_stop() as stop:
        for batch in clock.waiting(run.batches()):
            rate = warmup_cosine(run.step, steps, recipe.warmup_steps)
            set_rate(run.optimizer, rate)
            taken = run.take(batch)
            if not taken.finite:
                _stop_for(batch, run, taken)
            watch.step(run.step, taken.loss, taken.capped, batch.captions)
            _name_skipped(batch, run)
            run.board.step(run.step, _figures(run, taken, clock.spent(recipe.batch_size), rate))
            if run.step % every == 0 or run.step == steps:
                run.evaluate()
            if stop.asked or run.step % (recipe.save_every or every) == 0 or run.step == steps:
                run.save()
            if stop.asked and run.step < steps:
                raise TrainingError(f"stopped at step {run.step:,} of {steps:,} and saved: the same command goes on")
    if run.among.first and run.step == steps:
        page = write_page(run.out, recipe, run.held_out, run.before, run.after)
        run.board.say(f"wrote {page}; export it with: python -m clipcore export {run.out} --out ENCODER")
    if run.skipped:
        run.board.say(f"{run.skipped:,} pairs could not be used, and others took their places")


def _chance(recipe: Recipe) -> float | None:
    """The contrastive loss of guessing; the sigmoid has none that is of use."""
    return math.log(recipe.batch_size) if recipe.objective == "contrastive" else None


def _figures(run: Run, taken: Taken, spent: "Spent", rate: float) -> dict[str, float]:
    chance = _chance(run.recipe)
    return {
        "loss": taken.loss,
        **({} if chance is None else {"chance": chance}),
        "logit_scale": float(run.model.clip.logit_scale.detach().exp()),
        "learning_rate": rate * run.recipe.peak_rate,
        "gradient_norm": taken.gradient_norm,
        "samples_per_second": spent.samples_per_second,
        "data_share": spent.data_share,
        "epoch": run.step * run.recipe.batch_size / run.pairs,
    }


def _stop_for(batch: Batch, run: Run, taken: Taken) -> None:
    path = run.out / f"not-a-number-{run.step + 1:08}-{run.among.rank}.json"
    pairs = [{"key": key, "caption": text} for key, text in zip(batch.keys, batch.captions, strict=True)]
    report = {"step": run.step + 1, "loss": str(taken.loss), "gradient_norm": str(taken.gradient_norm), "pairs": pairs}
    write_whole(path, lambda file: file.write(json.dumps(report, indent=1).encode()))
    raise TrainingError(
        f"step {run.step + 1:,} gave a loss of {taken.loss} and a gradient of length {taken.gradient_norm}: stopped "
        f"before the weights took it; its pairs are in {path}. A lower --learning-rate or --precision fp32 may help"
    )


def _name_skipped(batch: Batch, run: Run) -> None:
    for key, reason in batch.skipped:
        run.skipped += 1
        if run.skipped <= NAMED:
            run.board.say(f"skipped {key}: {reason}" + ("; others are counted" if run.skipped == NAMED else ""))


@dataclass(frozen=True)
class Spent:
    """How a step's time was spent."""

    samples_per_second: float
    data_share: float  # of the time, waiting for a batch


class Clock:
    """Tells waiting for data from computing."""

    def __init__(self) -> None:
        self._waited = self._start = 0.0

    def waiting(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        """`batches`, with the time that each was waited for."""
        while True:
            start = time.perf_counter()
            batch = next(batches, None)
            self._waited = time.perf_counter() - start
            if batch is None:
                return
            self._start = start
            yield batch

    def spent(self, samples: int) -> Spent:
        """Since this step's batch was asked for."""
        seconds = time.perf_counter() - self._start
        return Spent(samples / seconds, min(1.0, self._waited / seconds))


@dataclass
class _Stop:
    asked: bool = False


@contextmanager
def _asked_to_stop() -> Iterator[_Stop]:
    """Ctrl-C, or a machine that is being shut down: the step at hand is finished and saved."""
    stop = _Stop()

    def ask(*_: object) -> None:
        if stop.asked:  # the second time, at once
            raise KeyboardInterrupt
        stop.asked = True

    before = {which: signal.signal(which, ask) for which in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for which, handler in before.items():
            signal.signal(which, handler)
