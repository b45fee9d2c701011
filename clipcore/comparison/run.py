"""Training each objective on the same batches, and asking it the same questions at the same numbers of images."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn

from clipcore.architectures import Architecture
from clipcore.comparison.learners import Learner, untrained
from clipcore.comparison.pictures import CaptionedPictures, as_input, random_crops
from clipcore.comparison.questions import Questions, Scores
from clipcore.errors import TrainingError
from clipcore.tokenizer import Tokenizer
from clipcore.training.optimizer import adamw, rated, set_rate
from clipcore.training.schedule import warmup_cosine

PICTURES_AT_ONCE = 128  # when asking


@dataclass(frozen=True)
class Budget:
    """What every objective is given.

    Attributes:
        images: how many are processed in training, repeats counted.
        rate: the peak learning rate; warm-up over the first `warmup` of the steps, then half a cosine to zero.
        points: how often questions are asked, each time at twice the images, the last at the end.
    """

    images: int
    batch_size: int
    rate: float
    weight_decay: float = 0.1
    warmup: float = 0.05
    points: int = 7
    seed: int = 0

    @property
    def steps(self) -> int:
        return max(1, self.images // self.batch_size)

    def asked_after(self) -> list[int]:
        """The steps after which questions are asked."""
        return sorted({max(1, self.steps >> halvings) for halvings in range(self.points)})


@dataclass(frozen=True)
class Point:
    """Answers after so many images: accuracy by the questions' name, and the last loss."""

    images: int
    seconds: float  # of training alone
    loss: float
    accuracy: Mapping[str, float]


@dataclass(frozen=True)
class Curve:
    """One objective's points, and at the end how often each factor was told, by the questions' name."""

    parameters: int
    points: tuple[Point, ...]
    by_factor: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


def train(
    objective: str,
    architecture: Architecture,
    pictures: CaptionedPictures,
    tokenizer: Tokenizer,
    questions: Mapping[str, Questions],
    budget: Budget,
    progress: Callable[[int, float, float], None],
) -> Curve:
    """Trains one objective and asks it, on a GPU where there is one.

    Args:
        questions: by name, one or more.
        progress: is told after each step how many images are done, the loss, and images a second of training.

    Raises:
        TrainingError: the loss is no longer a number.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    learner = untrained(objective, architecture, budget.seed).to(device)
    optimizer = adamw([rated(budget.rate, learner)], budget.weight_decay)
    batches = _Batches(pictures, tokenizer, architecture.vision.image_size, budget, device)
    points: list[Point] = []
    scores: dict[str, Scores] = {}
    seconds = 0.0
    for step in range(budget.steps):
        began = time.perf_counter()
        set_rate(optimizer, warmup_cosine(step, budget.steps, max(1, round(budget.warmup * budget.steps))))
        loss = _step(learner, optimizer, *batches.draw())
        seconds += time.perf_counter() - began
        images = (step + 1) * budget.batch_size
        if not math.isfinite(loss):
            raise TrainingError(f"{objective}: the loss is {loss} after {images} images; try a lower --rate")
        progress(images, loss, images / seconds)
        if step + 1 in budget.asked_after():
            scores = {name: ask(learner, asked, tokenizer, device) for name, asked in questions.items()}
            points.append(Point(images, seconds, loss, {n: questions[n].accuracy(s) for n, s in scores.items()}))
    told = {name: questions[name].by_factor(s) for name, s in scores.items() if questions[name].factors}
    return Curve(sum(p.numel() for p in learner.parameters()), tuple(points), told)


def _step(learner: Learner, optimizer: torch.optim.Optimizer, pixels: torch.Tensor, tokens: torch.Tensor) -> float:
    optimizer.zero_grad()
    with torch.autocast(pixels.device.type, torch.bfloat16, enabled=pixels.is_cuda):
        loss = learner.loss(pixels, tokens)
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(learner.parameters(), 1.0)
    optimizer.step()
    return loss.item()


@torch.no_grad()
def ask(learner: Learner, questions: Questions, tokenizer: Tokenizer, device: torch.device) -> Scores:
    """What the learner thinks of every candidate: float32 (pictures, candidates)."""
    learner.eval()
    tokens = torch.from_numpy(tokenizer(questions.texts)).to(device)
    scores = []
    for first in range(0, len(questions.pixels), PICTURES_AT_ONCE):
        some = slice(first, first + PICTURES_AT_ONCE)
        candidates = torch.from_numpy(questions.candidates[some]).to(device)
        needed, places = torch.unique(candidates, return_inverse=True)
        scores.append(learner.scores(as_input(questions.pixels[some], device), tokens[needed], places))
    learner.train()
    found: Scores = torch.cat(scores).float().cpu().numpy()
    return found


class _Batches:
    """Pictures in a new order each time through, each with one of its captions; the same for every objective."""

    def __init__(
        self, pictures: CaptionedPictures, tokenizer: Tokenizer, size: int, budget: Budget, device: torch.device
    ) -> None:
        self._pictures, self._tokenizer, self._size = pictures, tokenizer, size
        self._batch_size, self._device = budget.batch_size, device
        self._rng = np.random.default_rng(budget.seed)
        self._order: list[int] = []

    def draw(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Normalised pixels (batch, 3, size, size) and tokens (batch, length)."""
        while len(self._order) < self._batch_size:
            self._order += self._rng.permutation(len(self._pictures)).tolist()
        chosen, self._order = self._order[: self._batch_size], self._order[self._batch_size :]
        captions = [self._a_caption(self._pictures.captions[i]) for i in chosen]
        pixels = random_crops(self._pictures.pixels[chosen], self._size, self._rng)
        return as_input(pixels, self._device), torch.from_numpy(self._tokenizer(captions)).to(self._device)

    def _a_caption(self, captions: Sequence[str]) -> str:
        return captions[int(self._rng.integers(len(captions)))]
