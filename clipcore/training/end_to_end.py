"""Both borrowed towers trained end to end: every layer moves a little, on pictures that are cropped anew in each step.

What a locked trunk says can be computed once; what a moving one says cannot, so this is for a GPU. Four losses are
added: the contrastive one over the pairs, agreement of the shared space and of the backbone's own classifier with what
the locked backbone says of the same pixels, and rehearsal of the borrowed text tower. The last three keep what the
captions do not teach.
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from clipcore.evaluation.datasets import DataSet
from clipcore.locked_pair import LockedPair
from clipcore.objectives.multi_positive import multi_positive_loss, same_group_targets
from clipcore.pairs.pair import Pair
from clipcore.preprocess import Preprocessing
from clipcore.tokenizer import BundledTokenizer, Tokenizer
from clipcore.towers.borrowed import PREPROCESSING, tokenizer_file
from clipcore.training.average import RunningAverage
from clipcore.training.class_names import TEMPLATES, imagenet_class_names, imagenet_class_texts
from clipcore.training.crops import random_crops
from clipcore.training.dataset import Batch, TrainingSet, read_training_set
from clipcore.training.features import decoded
from clipcore.training.held_out import HeldOutClasses, HeldOutPairs
from clipcore.training.locked_recipe import LockedRecipe, Phase
from clipcore.training.losses import agreement_loss, class_distillation_loss, likeness_targets, rehearsal_loss
from clipcore.training.optimizer import adamw, rated, set_rate
from clipcore.training.pair_runtime import pair_encoder
from clipcore.training.report import Report
from clipcore.training.schedule import warmup_cosine
from clipcore.training.state import load_weights, save_run


@dataclass(frozen=True)
class MeasuredOn:
    """What a run is measured on and never trained on; None where that is nothing."""

    captioned: DataSet | None = None
    labelled: DataSet | None = None


Measure = Callable[[LockedPair], dict[str, float]]

FORWARD = 512  # pictures or texts at once where nothing is learned
STATISTICS = 4096  # pictures that the heads take their inputs' means and deviations from
REPORTS_A_PHASE = 4


@dataclass(frozen=True)
class PixelReader:
    """Decodes a tar's pictures where a `Reader` would give maps of them."""

    preprocessing: Preprocessing
    report: Report

    def maps(self, tar: Path, pairs: list[Pair], count: int) -> NDArray[np.uint8]:
        """The whole pictures, uint8 (pictures, 1, size, size, 3), whatever `count`: crops are made when they are used.

        Raises:
            ImageError: one of them cannot be decoded.
        """
        size = self.preprocessing.size
        pixels = np.empty((len(pairs), 1, size, size, 3), np.uint8)
        for number, (whole,) in enumerate(decoded(self.preprocessing, pairs, 1)):
            pixels[number, 0] = whole
            self.report.progress(f"{tar.stem}: pictures", number + 1, len(pairs))
        return pixels


def train(
    recipe: LockedRecipe,
    pairs: Sequence[Path],
    measured_on: MeasuredOn,
    out: Path,
    device: str | None = None,
    start: Path | None = None,
) -> None:
    """Trains the borrowed towers' pair by `recipe` on the tars `pairs`; see `train_end_to_end`.

    Args:
        start: the folder of an earlier run with the same head shape, whose weights to go on from.

    Raises:
        TrainingError: a tar or a package of weights is missing or broken, or `start` is no such run.
    """
    torch.manual_seed(recipe.seed)
    model = LockedPair.pretrained(recipe.head_shape, recipe.text_layers)
    tokenizer = BundledTokenizer(tokenizer_file(), recipe.context_length, model.text_tower.pad)
    train_end_to_end(model, tokenizer, PREPROCESSING, recipe, pairs, measured_on, out, device, start)


def train_end_to_end(
    model: LockedPair,
    tokenizer: Tokenizer,
    preprocessing: Preprocessing,
    recipe: LockedRecipe,
    pairs: Sequence[Path],
    measured_on: MeasuredOn,
    out: Path,
    device: str | None = None,
    start: Path | None = None,
) -> None:
    """Trains `model` and writes the averaged weights, the recipe and the metrics into `out`, anew after each phase.

    Args:
        device: the GPU when there is one, if not given.
        start: an earlier run to go on from; without it the heads are untrained, and take their statistics and class
            vectors from the data first. What is to be kept is what `model` says before.

    Raises:
        TrainingError: a tar is missing or broken.
    """
    out.mkdir(parents=True, exist_ok=True)
    report = Report(out / "metrics.jsonl")
    data = read_training_set(pairs, recipe, PixelReader(preprocessing, report))
    measure = _measure(measured_on, tokenizer, preprocessing, report)
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    run = EndToEndRun(model, tokenizer, preprocessing, recipe, data, report, measure, device)
    if start:
        load_weights(run.model, start)
    else:
        run.start_heads()
    for number, phase in enumerate(recipe.phases):
        run.train_phase(number, phase)
        save_run(run.model, recipe, out)


def _measure(on: MeasuredOn, tokenizer: Tokenizer, preprocessing: Preprocessing, report: Report) -> Measure:
    """What measures a model on the captioned and the labelled pictures of `on`."""
    pairs = on.captioned and HeldOutPairs.read(on.captioned, preprocessing, report.say)
    classes = on.labelled and HeldOutClasses.read(on.labelled, preprocessing, report.say)

    def measure(model: LockedPair) -> dict[str, float]:
        encoder = pair_encoder(model, tokenizer, preprocessing)
        values = pairs.measure(encoder)[0] if pairs else {}
        return values | (classes.measure(encoder) if classes else {})

    return measure


class EndToEndRun:
    """One training run: the model on its device, the pictures and texts, and the backbone as it was."""

    def __init__(
        self,
        model: LockedPair,
        tokenizer: Tokenizer,
        preprocessing: Preprocessing,
        recipe: LockedRecipe,
        data: TrainingSet,
        report: Report,
        measure: Measure | None = None,
        device: torch.device | str = "cpu",
    ) -> None:
        """`data` read by a `PixelReader`; `measure` gives what to report of a model, by name."""
        self.model = model.to(device).eval().requires_grad_(False)
        self.recipe = recipe
        self.data = data
        self.report = report
        self.measure = measure
        self.device = torch.device(device)
        self.rng = np.random.default_rng(recipe.seed)
        self.generator = torch.Generator(device).manual_seed(recipe.seed)
        self.mean, self.std = (
            torch.tensor(values, device=device).view(1, 3, 1, 1) for values in (preprocessing.mean, preprocessing.std)
        )
        self.pixels = [torch.from_numpy(source.maps[:, 0]).to(device) for source in data.sources]
        self.texts = torch.from_numpy(tokenizer(data.corpus)).to(device)
        self.classes = torch.from_numpy(tokenizer(imagenet_class_texts())).to(device)
        names = imagenet_class_names()
        model.image_tower.forget(place for place, name in enumerate(names) if name in recipe.unnamed)
        self.named = torch.tensor([i for i, name in enumerate(names) if name not in recipe.unnamed], device=device)
        self.teacher = copy.deepcopy(model.image_tower)
        self.borrowed_texts = self._sentences(self.texts)

    def start_heads(self) -> None:
        """Gives untrained heads the statistics of the data, and the classes' text vectors."""
        batch = self.data.draw(STATISTICS, np.random.default_rng(self.recipe.seed))
        with torch.no_grad(), self._autocast():
            parts = self._parts(len(batch.texts))
            features = [self.model.image_tower(self._whole(batch, part)).float() for part in parts]
        with torch.no_grad():
            classes = self.model.text_head(self._sentences(self.classes))
        self.model.image_head.start_from(torch.cat(features), classes.unflatten(0, (len(TEMPLATES), -1)).mean(dim=0))

    def train_phase(self, number: int, phase: Phase) -> None:
        """One phase of the recipe; the averaged weights are the model's when it ends."""
        optimizer = self._optimizer(phase)
        average = RunningAverage(self.model, self.recipe.average)
        warmup = max(1, round(self.recipe.warmup * phase.steps))
        for step in range(phase.steps):
            set_rate(optimizer, warmup_cosine(step, phase.steps, warmup))
            losses = self._losses(phase, self.data.draw(phase.batch_size, self.rng))
            optimizer.zero_grad()
            torch.stack(list(losses.values())).sum().backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            average.update()
            self.report.progress(f"phase {number + 1}: step", step + 1, phase.steps)
            if (step + 1) % max(1, phase.steps // REPORTS_A_PHASE) == 0:
                with average.in_place():
                    self._say(number, step + 1, losses)
        average.put_in_place()
        self.model.eval().requires_grad_(False)

    def _optimizer(self, phase: Phase) -> torch.optim.Optimizer:
        model = self.model.requires_grad_(False)
        groups = (
            rated(phase.head_rate, model.image_head, model.text_head, model.logit_scale),
            rated(phase.text_rate, model.text_tower.lower, model.text_tower.upper),
            rated(phase.image_rate, model.image_tower),
        )
        return adamw(groups, self.recipe.weight_decay)

    def _losses(self, phase: Phase, batch: Batch) -> dict[str, Tensor]:
        self.model.train()
        self.model.image_tower.eval()  # its batch normalisation keeps its statistics
        numbers = batch.texts.to(self.device)
        with self._autocast():
            pixels = self._looks(batch)
            with torch.set_grad_enabled(phase.image_rate > 0):
                features = self.model.image_tower(pixels).float()
                logits = self.model.image_tower.class_logits(features).float()
            believed = self._believed(pixels) if phase.image_rate else logits.softmax(dim=-1)
            sentences = self._through_text_tower(phase, self.texts[numbers])
            class_sentences = self._class_sentences(phase)
        images = self.model.image_head(features, logits)
        texts, classes = self.model.text_head(sentences), self.model.text_head(class_sentences)
        recipe, scale, borrowed = self.recipe, self.model.logit_factor, self.borrowed_texts[numbers]
        targets = same_group_targets(batch.picture_groups, batch.texts).to(self.device)
        if recipe.soft_targets:
            targets = likeness_targets(borrowed, targets, recipe.soft_targets, recipe.soft_temperature)
        losses = {"contrastive": multi_positive_loss(images, texts, scale, targets)}
        if recipe.class_distillation:
            loss = class_distillation_loss(images, classes, believed[:, self.named], scale)
            losses["classes"] = recipe.class_distillation * loss
        if recipe.agreement and phase.image_rate:
            losses["agreement"] = recipe.agreement * agreement_loss(logits, believed)
        if recipe.rehearsal and phase.text_rate:
            losses["rehearsal"] = recipe.rehearsal * rehearsal_loss(sentences, borrowed)
        return losses

    def _class_sentences(self, phase: Phase) -> Tensor:
        """The classes' texts, each class in a template drawn for it, through the tower: (named classes, width)."""
        count = len(self.classes) // len(TEMPLATES)
        drawn = torch.from_numpy(self.rng.integers(len(TEMPLATES), size=len(self.named))).to(self.device)
        return self._through_text_tower(phase, self.classes[self.named + count * drawn])

    def _through_text_tower(self, phase: Phase, tokens: Tensor) -> Tensor:
        """float32 (texts, width)."""
        with torch.set_grad_enabled(phase.text_rate > 0):
            return self.model.text_tower(_cut(tokens, self.model.text_tower.pad)).float()

    @torch.no_grad()
    def _believed(self, pixels: Tensor) -> Tensor:
        """What the backbone as it was takes the pictures for: float32 (batch, classes)."""
        teacher = self.teacher
        return teacher.class_logits(teacher(pixels)).float().softmax(dim=-1)

    def _looks(self, batch: Batch) -> Tensor:
        return self._normalised(random_crops(self._picked(batch).float() / 255, self.generator))

    def _whole(self, batch: Batch, part: slice) -> Tensor:
        chosen = Batch(batch.sources[part], batch.pictures[part], batch.views[part], batch.texts[part])
        return self._normalised(self._picked(chosen).float() / 255)

    def _normalised(self, pixels: Tensor) -> Tensor:
        return ((pixels - self.mean) / self.std).contiguous(memory_format=torch.channels_last)

    def _picked(self, batch: Batch) -> Tensor:
        """uint8 (batch, 3, size, size)."""
        sources, pictures = batch.sources.to(self.device), batch.pictures.to(self.device)
        picked = torch.empty(len(sources), *self.pixels[0].shape[1:], dtype=torch.uint8, device=self.device)
        for number, pixels in enumerate(self.pixels):
            (rows,) = torch.nonzero(sources == number, as_tuple=True)
            picked[rows] = pixels[pictures[rows]]
        return picked.permute(0, 3, 1, 2)

    @torch.no_grad()
    def _sentences(self, tokens: Tensor) -> Tensor:
        """The text tower on all of `tokens`: float32 (texts, width)."""
        self.model.eval()
        tower = self.model.text_tower
        with self._autocast():
            return torch.cat([tower(_cut(tokens[part], tower.pad)).float() for part in self._parts(len(tokens))])

    def _parts(self, count: int) -> list[slice]:
        return [slice(start, start + FORWARD) for start in range(0, count, FORWARD)]

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.device.type == "cuda")

    def _say(self, number: int, step: int, losses: dict[str, Tensor]) -> None:
        values = {name: loss.item() for name, loss in losses.items()}
        values["logit_scale"] = self.model.logit_factor.item()
        if self.measure is not None:
            self.model.eval()
            values |= self.measure(self.model)
        self.report.metrics(step, phase=number + 1, **values)


def _cut(tokens: Tensor, pad: int) -> Tensor:
    """`tokens` (batch, length) without the columns at the end that hold padding alone."""
    longest = int((tokens != pad).sum(dim=1).max())
    return tokens[:, :longest]
