"""One run: the model, its optimizer and its average, what it is measured on, and all of it saved and taken up again."""

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import torch

from clipcore.encoder import Encoder
from clipcore.errors import TrainingError
from clipcore.evaluation.datasets import DataSet
from clipcore.pairs.skipped import Skipped
from clipcore.training.average import RunningAverage
from clipcore.training.board import Board
from clipcore.training.checkpoint import checkpoint_path, load_checkpoint, save_checkpoint, steps_saved, write_whole
from clipcore.training.data.ahead import ahead
from clipcore.training.data.loader import Batch, Loader, Reader, Share, worker_count
from clipcore.training.data.pairs import TrainingPairs
from clipcore.training.distributed import Processes, load_optimizer, optimizer_state, spread
from clipcore.training.held_out import HeldOutClasses, HeldOutPairs
from clipcore.training.model import TrainedCLIP
from clipcore.training.optimizer import adamw, rated
from clipcore.training.recipe import Recipe
from clipcore.training.running import running_encoder
from clipcore.training.starting import Start, fresh, given
from clipcore.training.step import Taken, take_step
from clipcore.training.trained import MERGES, RECIPE

MAY_CHANGE = {"workers", "evaluate_every", "save_every", "keep_last", "compile", "micro_batch", "similarity_block"}


@dataclass(frozen=True)
class Given:
    """What a run is given beside its recipe.

    Attributes:
        pairs: tars, folders and tables, as `TrainingPairs.read` takes them.
        evaluate_on: captioned pictures, for loss and recall; the best checkpoint is the best on these.
        general: captioned pictures of another kind, to see what fine-tuning forgets.
        classify: labelled pictures, for zero-shot accuracy.
        start: weights to start from; random ones when None.
        vocabulary: a merges file in place of OpenAI's.
    """

    pairs: Sequence[str]
    out: Path
    evaluate_on: DataSet | None = None
    general: DataSet | None = None
    classify: DataSet | None = None
    start: str | None = None
    vocabulary: Path | None = None


class Run:
    """A run at some step; see `clipcore.training.loop` for what is done with it."""

    def __init__(self, recipe: Recipe, given_to: Given, among: Processes) -> None:
        """
        Raises:
            TrainingError: data or weights are missing or do not fit, or `out` holds a run of another recipe.
        """
        self.out, self.among = given_to.out, among
        saved = self._last_saved()
        left_out = Skipped()
        pairs = TrainingPairs.read(given_to.pairs, left_out)
        start = _start(recipe, given_to)
        recipe = replace(recipe, architecture=start.clip.architecture)
        recipe, notes = _fitting(recipe, len(pairs), among)
        self.recipe, self.preprocessing = recipe, start.preprocessing
        self.pairs = len(pairs)
        self.loader = _loader(recipe, pairs, start, among)
        self.steps = recipe.steps or max(1, round(recipe.epochs * self.pairs / recipe.batch_size))
        self.model = TrainedCLIP(start.clip, start.preprocessing, recipe, fresh=given_to.start is None)
        self.spread = spread(self.model, among, recipe.shard, recipe.compile)
        beta1, beta2, epsilon = recipe.adam
        self.optimizer = adamw(
            [rated(recipe.peak_rate, *(p for p in self.model.parameters() if p.requires_grad))],
            *(recipe.weight_decay, (beta1, beta2), epsilon),
            half=recipe.half_statistics or recipe.half_text_weights,
            fused=not recipe.shard,
        )
        self.average = RunningAverage(self.model, recipe.average) if recipe.average else None
        self.step, self.best, self.best_step, self.skipped = 0, -1.0, 0, 0
        self.before: torch.Tensor | None = None  # what held-out captions found when the run began, and now
        self.after: torch.Tensor | None = None
        if saved is not None:
            self._take_up(saved)
        self.out.mkdir(parents=True, exist_ok=True)
        self.board = Board(self.out, self.step, self.steps, among.first)
        for line in (*notes, *(f"left out: {line}" for line in left_out.lines())):
            self.board.say(line)
        self._read_held_out(given_to)
        if among.first:
            self._write_recipe(start.merges)

    # ---- what the loop does

    def batches(self) -> Iterator[Batch]:
        """Every batch that is still to come, on the device."""
        batches = ahead(self.loader.batches(self.step), self.among.device)
        for _, batch in zip(range(self.step, self.steps), batches, strict=False):
            yield batch

    def take(self, batch: Batch) -> Taken:
        """One step; random numbers are the step's own, so that a run that was stopped draws them again."""
        torch.manual_seed(hash((self.recipe.seed, self.step, self.among.rank)) % 2**63)
        self.model.train()
        taken = take_step(self.spread, self.optimizer, batch, self.recipe, self.among)
        if taken.finite:
            self.step += 1
            if self.average:
                self.average.update()
        return taken

    def evaluate(self) -> None:
        """Measures the averaged weights on whatever is held out."""
        self.model.eval()
        with self.average.in_place() if self.average else nullcontext():
            encoder = self._encoder()
            if self.held_out:
                values, found = self.held_out.measure(encoder)
                self.board.evaluation(self.step, "held_out", values)
                self._remember(values["t2i@1"] + values["i2t@1"] - values["loss"] * 1e-6, found)
            if self.general:
                self.board.evaluation(self.step, "general", self.general.measure(encoder)[0])
            if self.classes:
                self.board.evaluation(self.step, "classes", self.classes.measure(encoder))

    def save(self) -> None:
        """Writes a checkpoint, and removes those that are too many.

        Raises:
            TrainingError: it cannot be written.
        """
        state = self._state()
        if self.among.first:
            recent = [step for step in steps_saved(self.out) if step != self.step][1 - self.recipe.keep_last :]
            keep = set(recent if self.recipe.keep_last > 1 else []) | {self.best_step}
            save_checkpoint(self.out, self.step, state, keep)

    # ---- saved and taken up again

    def _state(self) -> dict[str, Any]:
        return {
            "step": self.step,
            "recipe": json.loads(json.dumps(self.recipe.to_mapping())),
            "preprocessing": json.loads(json.dumps(asdict(self.preprocessing))),
            "pairs": self.pairs,
            "model": self.spread.state_dict(),
            "optimizer": optimizer_state(self.spread, self.optimizer),
            "average": self.average.state_dict() if self.average else None,
            "best": self.best,
            "best_step": self.best_step,
            "skipped": self.skipped,
            "before": self.before,
            "after": self.after,
        }

    def _last_saved(self) -> dict[str, Any] | None:
        steps = steps_saved(self.out)
        return load_checkpoint(checkpoint_path(self.out, steps[-1])) if steps else None

    def _take_up(self, state: dict[str, Any]) -> None:
        self._check_same(Recipe.from_mapping(state["recipe"]), state["pairs"])
        self.spread.load_state_dict(state["model"])
        load_optimizer(self.spread, self.optimizer, state["optimizer"])
        if self.average:
            self.average.load_state_dict(state["average"])
        self.step, self.best, self.best_step = state["step"], state["best"], state["best_step"]
        self.skipped, self.before, self.after = (state[name] for name in ("skipped", "before", "after"))

    def _check_same(self, recipe: Recipe, pairs: int) -> None:
        names = [field.name for field in fields(Recipe) if field.name not in MAY_CHANGE]
        changed = [n for n in names if getattr(recipe, n) != getattr(self.recipe, n)]
        if changed:
            was = ", ".join(f"{n} was {getattr(recipe, n)!r}, is {getattr(self.recipe, n)!r}" for n in changed)
            raise TrainingError(f"{self.out} holds a run of another recipe ({was[:200]}): choose another --out")
        if pairs != self.pairs:
            raise TrainingError(
                f"{self.out} was trained on {pairs:,} pairs and there are {self.pairs:,} now: choose another --out, "
                f"and go on from these weights with --from {self.out}"
            )

    def _write_recipe(self, merges: Path | None) -> None:
        text = json.dumps(self.recipe.to_mapping(), indent=2) + "\n"
        write_whole(self.out / RECIPE, lambda file: file.write(text.encode()))
        if merges and merges.resolve() != (self.out / MERGES).resolve():
            shutil.copyfile(merges, self.out / MERGES)

    # ---- held out

    def _read_held_out(self, given_to: Given) -> None:
        say = self.board.say
        on, general, classify = given_to.evaluate_on, given_to.general, given_to.classify
        self.held_out = HeldOutPairs.read(on, self.preprocessing, say) if on else None
        self.general = HeldOutPairs.read(general, self.preprocessing, say) if general else None
        self.classes = HeldOutClasses.read(classify, self.preprocessing, say) if classify else None

    def _encoder(self) -> Encoder:
        return running_encoder(self.model, self.preprocessing, self.loader.reader.tokenizer, self.among.device)

    def _remember(self, goodness: float, found: Any) -> None:
        if self.before is None:
            self.before = torch.from_numpy(found)
        self.after = torch.from_numpy(found)
        if goodness > self.best:
            self.best, self.best_step = goodness, self.step


def _start(recipe: Recipe, given_to: Given) -> Start:
    if given_to.start is None:
        return fresh(recipe, given_to.vocabulary)
    return given(given_to.start, recipe, given_to.vocabulary)


def _fitting(recipe: Recipe, pairs: int, among: Processes) -> tuple[Recipe, list[str]]:
    """The recipe with a batch that the data can fill, and a line where that is not the one it has."""
    notes = []
    if recipe.batch_size > pairs:
        smaller = pairs // among.size * among.size
        notes.append(f"{pairs:,} pairs do not fill a batch of {recipe.batch_size:,}: training with {smaller:,} a step")
        recipe = replace(recipe, batch_size=smaller)
    if recipe.batch_size < 2:
        raise TrainingError("a batch of one has nothing to tell its pair from: give at least two pairs a step")
    among.share(recipe.batch_size)
    return recipe, notes


def _loader(recipe: Recipe, pairs: TrainingPairs, start: Start, among: Processes) -> Loader:
    reader = Reader(pairs, start.preprocessing, start.tokenizer, recipe.seed, recipe.crop == "random")
    workers = worker_count(recipe.workers)
    return Loader(reader, recipe.batch_size, recipe.shuffle_shards, workers, Share(among.rank, among.size))
