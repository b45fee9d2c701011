"""Locked-tower training: `train` goes from tars to a run's folder, phase by phase.

A step draws a batch, encodes both sides, and adds three losses: the contrastive one over the pairs, agreement with the
backbone's own ImageNet classes (so that nouns no caption has keep their place), and rehearsal (so that an unlocked text
tower does not forget what it knew).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from clipcore.locked_pair import LockedPair
from clipcore.objectives.multi_positive import multi_positive_loss, same_group_targets
from clipcore.preprocess import Preprocessing
from clipcore.tokenizer import BundledTokenizer, Tokenizer
from clipcore.towers.borrowed import PREPROCESSING, tokenizer_file
from clipcore.training.class_names import TEMPLATES, imagenet_class_texts
from clipcore.training.dataset import Batch, TrainingSet, read_training_set
from clipcore.training.development import DevelopmentSet
from clipcore.training.features import Maps, Reader, Trunk
from clipcore.training.locked_features import class_probabilities, pooled_features, sentence_features, text_states
from clipcore.training.locked_recipe import LockedRecipe, Phase
from clipcore.training.losses import class_distillation_loss, likely_classes, rehearsal_loss
from clipcore.training.optimizer import adamw, rated, set_rate
from clipcore.training.report import Report
from clipcore.training.schedule import warmup_cosine
from clipcore.training.state import load_weights, save_run

CLASSES_A_STEP = 128  # where the text tower is unlocked, each class name costs a forward and a backward pass
REPORTS_A_PHASE = 2


def train(
    recipe: LockedRecipe,
    pairs: Sequence[Path],
    evaluate_on: Path | None,
    out: Path,
    cache: Path | None = None,
    start: Path | None = None,
) -> None:
    """Trains the borrowed towers' pair by `recipe` on the tars `pairs`; see `train_pair`.

    Args:
        start: the folder of an earlier run with the same head shape, whose weights to go on from.

    Raises:
        TrainingError: a tar or a package of weights is missing or broken, or `start` is no such run.
    """
    torch.manual_seed(recipe.seed)
    model = LockedPair.pretrained(recipe.head_shape, recipe.text_layers)
    if start:
        load_weights(model, start)
    tokenizer = BundledTokenizer(tokenizer_file(), recipe.context_length, model.text_tower.pad)
    train_pair(
        *(model, tokenizer, PREPROCESSING, recipe, pairs, evaluate_on, out, cache or out / "features"), fresh=not start
    )


def train_pair(
    model: LockedPair,
    tokenizer: Tokenizer,
    preprocessing: Preprocessing,
    recipe: LockedRecipe,
    pairs: Sequence[Path],
    evaluate_on: Path | None,
    out: Path,
    cache: Path,
    fresh: bool = True,
) -> None:
    """Trains `model` and writes the averaged weights, the recipe and the metrics into `out`, anew after each phase.

    Args:
        fresh: the heads are untrained, and take their statistics and class vectors from the data first.

    Raises:
        TrainingError: a tar is missing or broken.
    """
    out.mkdir(parents=True, exist_ok=True)
    report = Report(out / "metrics.jsonl")
    reader = Reader(Trunk(model.image_tower.trunk, preprocessing, model.image_tower.identity), cache, report)
    data = read_training_set(pairs, recipe, reader)
    development = DevelopmentSet.read(evaluate_on, model.text_tower, tokenizer, reader) if evaluate_on else None
    run = LockedRun(model, tokenizer, recipe, data, development, report)
    if fresh:
        run.start_heads()
    for number, phase in enumerate(recipe.phases):
        run.train_phase(number, phase)
        save_run(run.model, recipe, out)


class LockedRun:
    """One training run: the model, the data, and what the locked towers said of it."""

    def __init__(
        self,
        model: LockedPair,
        tokenizer: Tokenizer,
        recipe: LockedRecipe,
        data: TrainingSet,
        development: DevelopmentSet | None,
        report: Report,
    ) -> None:
        self.model = model
        self.recipe = recipe
        self.data = data
        self.development = development
        self.report = report
        self.rng = np.random.default_rng(recipe.seed)
        self.texts = text_states(model.text_tower, tokenizer, data.corpus)
        self.classes = text_states(model.text_tower, tokenizer, imagenet_class_texts())
        self._compute_locked_texts()
        self.borrowed_texts = self.text_features
        self._compute_locked_images()
        tower = model.image_tower
        self.probabilities = [class_probabilities(tower, features) for features in self.image_features]

    def start_heads(self) -> None:
        """Gives untrained heads the statistics of the data, and the classes' text vectors."""
        self.model.image_head.start_from(self._some_features(), self._start_of_classes())

    def train_phase(self, number: int, phase: Phase) -> None:
        """One phase of the recipe; the averaged weights are the model's when it ends."""
        optimizer = self._optimizer(phase)
        average = _running_average(self.model, self.recipe.average)
        warmup = max(1, round(self.recipe.warmup * phase.steps))
        for step in range(phase.steps):
            set_rate(optimizer, warmup_cosine(step, phase.steps, warmup))
            losses = self._losses(phase, self.data.draw(phase.batch_size, self.rng))
            optimizer.zero_grad()
            torch.stack(list(losses.values())).sum().backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            average.update_parameters(self.model)
            self.report.progress(f"phase {number + 1}: step", step + 1, phase.steps)
            if (step + 1) % max(1, phase.steps // REPORTS_A_PHASE) == 0:
                self._evaluate(number, step + 1, losses, average)
        self.model.load_state_dict(average.module.state_dict())
        if phase.text_rate:
            self._compute_locked_texts()
        if phase.image_rate:
            self._compute_locked_images()

    def _optimizer(self, phase: Phase) -> torch.optim.Optimizer:
        model = self.model.requires_grad_(False)
        groups = (
            rated(phase.head_rate, model.image_head, model.text_head, model.logit_scale),
            rated(phase.text_rate, model.text_tower.upper),
            rated(phase.image_rate, model.image_tower.last_stage),
        )
        return adamw(groups, self.recipe.weight_decay)

    def _losses(self, phase: Phase, batch: Batch) -> dict[str, Tensor]:
        self._training_mode()
        features = self._image_features(phase, batch)
        images = self.model.image_head(features, self.model.image_tower.class_logits(features))
        sentences = self._sentences(phase, batch.texts)
        scale = self.model.logit_factor
        targets = same_group_targets(batch.picture_groups, batch.texts)
        losses = {"contrastive": multi_positive_loss(images, self.model.text_head(sentences), scale, targets)}
        if self.recipe.class_distillation:
            loss = self._class_distillation(phase, batch, images)
            losses["classes"] = self.recipe.class_distillation * loss
        if self.recipe.rehearsal and phase.text_rate:
            loss = rehearsal_loss(sentences, self.borrowed_texts[batch.texts])
            losses["rehearsal"] = self.recipe.rehearsal * loss
        return losses

    def _training_mode(self) -> None:
        """Dropout in the heads and the text tower; the backbone's batch normalisation keeps its statistics."""
        self.model.train()
        self.model.image_tower.eval()

    def _image_features(self, phase: Phase, batch: Batch) -> Tensor:
        if phase.image_rate:
            return self.model.image_tower.pool(self.data.maps(batch))
        places = zip(batch.sources.tolist(), batch.pictures.tolist(), batch.views.tolist(), strict=True)
        return torch.stack([self.image_features[s][p, v] for s, p, v in places]).float()

    def _sentences(self, phase: Phase, numbers: Tensor) -> Tensor:
        if phase.text_rate:
            return self.texts.pooled(self.model.text_tower, numbers)
        return self.text_features[numbers]

    def _class_distillation(self, phase: Phase, batch: Batch, images: Tensor) -> Tensor:
        places = zip(batch.sources.tolist(), batch.pictures.tolist(), batch.views.tolist(), strict=True)
        probabilities = torch.stack([self.probabilities[s][p, v] for s, p, v in places]).float()
        if phase.text_rate:
            classes = likely_classes(probabilities, CLASSES_A_STEP)
            prompts = self.classes.pooled(self.model.text_tower, self._in_some_template(classes))
            probabilities = probabilities[:, classes] + 1e-6
        else:
            prompts = self.class_features[self._in_some_template(torch.arange(probabilities.shape[-1]))]
        return class_distillation_loss(images, self.model.text_head(prompts), probabilities, self.model.logit_factor)

    def _in_some_template(self, classes: Tensor) -> Tensor:
        """Numbers of class texts, each class in a template drawn for it; both int64 (n,)."""
        count = len(self.classes) // len(TEMPLATES)
        return classes + count * torch.from_numpy(self.rng.integers(len(TEMPLATES), size=len(classes)))

    def _compute_locked_texts(self) -> None:
        tower = self.model.text_tower.eval()
        self.text_features = sentence_features(tower, self.texts)
        self.class_features = sentence_features(tower, self.classes)

    def _compute_locked_images(self) -> None:
        tower = self.model.image_tower.eval()
        self.image_features = [pooled_features(tower, cast(Maps, source.maps)) for source in self.data.sources]

    def _some_features(self) -> Tensor:
        """Features of whole pictures, drawn as batches are, for the heads' statistics: (4096, feature_dim)."""
        batch = self.data.draw(4096, np.random.default_rng(self.recipe.seed))
        places = zip(batch.sources.tolist(), batch.pictures.tolist(), strict=True)
        return torch.stack([self.image_features[s][p, 0] for s, p in places]).float()

    def _start_of_classes(self) -> Tensor:
        """The mean over templates of each class's text vectors: (classes, embed_dim)."""
        self.model.eval()
        with torch.no_grad():
            return self.model.text_head(self.class_features).unflatten(0, (len(TEMPLATES), -1)).mean(dim=0)

    def _evaluate(self, number: int, step: int, losses: dict[str, Tensor], average: AveragedModel) -> None:
        values = {name: loss.item() for name, loss in losses.items()}
        values["logit_scale"] = self.model.logit_factor.item()
        if self.development is not None:
            result = self.development.evaluate(cast(LockedPair, average.module))
            values |= {f"t2i@{k}": v for k, v in result.text_to_image.recall.items()}
            values |= {f"i2t@{k}": v for k, v in result.image_to_text.recall.items()}
        self.report.metrics(step, phase=number + 1, **values)


def _running_average(model: LockedPair, decay: float) -> AveragedModel:
    """An exponential moving average of the weights, which evaluates better than any single step's."""
    return AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(decay))  # type: ignore[no-untyped-call]
