"""Zero-shot questions: which of these texts belongs to this picture? One form for three kinds of data.

- The compositional set: the right sentence against each of seven that are wrong in one thing.
- Labelled pictures: the class among all classes, each put into a prompt.
- Captioned pictures: the own caption among those of other pictures.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from clipcore.compositional.generated import FACTORS, CompositionalSet, Split
from clipcore.errors import TrainingError
from clipcore.preprocess import Pixels

Scores = NDArray[np.float32]  # (pictures, candidates)


@dataclass(frozen=True)
class Questions:
    """Pictures with candidate texts.

    Attributes:
        pixels: uint8 (pictures, size, size, 3).
        texts: what candidates are numbers of.
        candidates: int64 (pictures, candidates).
        answers: int64 (pictures,), which candidate is right.
        factors: what each candidate but the first, which is right, is wrong in; empty where that is not known.
    """

    pixels: Pixels
    texts: tuple[str, ...]
    candidates: NDArray[np.int64]
    answers: NDArray[np.int64]
    factors: tuple[str, ...] = field(default=())

    @property
    def chance(self) -> float:
        """What guessing reaches."""
        return 0.5 if self.factors else 1 / self.candidates.shape[1]

    def accuracy(self, scores: Scores) -> float:
        """The share answered right; of a tie for first place, the right one's share of it.

        With factors, the mean of `by_factor`. (To be ahead of all of a factor's neighbours at once is no measure of a
        beginner: who knows nothing puts the right sentence in the middle of them.)

        Raises:
            TrainingError: a score is not a number.
        """
        if np.isnan(scores).any():
            raise TrainingError("scores that are not numbers: training diverged; try a lower --rate")
        if self.factors:
            return float(np.mean(list(self.by_factor(scores).values())))
        best = scores == scores.max(axis=1, keepdims=True)
        right = np.take_along_axis(best, self.answers[:, None], axis=1)[:, 0]
        return float((right / best.sum(axis=1)).mean())

    def by_factor(self, scores: Scores) -> dict[str, float]:
        """For each factor, how often the right text beats the one that is wrong in it alone; a tie is half of once."""
        right, wrong = scores[:, :1], scores[:, 1:]
        beaten = ((right > wrong) + 0.5 * (right == wrong)).mean(axis=0)
        return dict(zip(self.factors, map(float, beaten), strict=True))


def compositional_questions(generated: CompositionalSet, split: Split, count: int) -> Questions:
    """The first `count` pictures of a split."""
    samples = [generated.sample(split, index) for index in range(count)]
    texts = [text for s in samples for text in (s.caption, *(s.distractors[factor] for factor in FACTORS))]
    numbers, candidates = _numbered(texts)
    return Questions(
        pixels=np.stack([np.asarray(s.image) for s in samples]),
        texts=numbers,
        candidates=candidates.reshape(count, 1 + len(FACTORS)),
        answers=np.zeros(count, np.int64),
        factors=FACTORS,
    )


def label_questions(pixels: Pixels, labels: Sequence[str], names: Mapping[str, str], prompt: str) -> Questions:
    """The class of each picture among all classes.

    Args:
        labels: of each picture.
        names: what each class is called.
        prompt: a text with {} where the name goes.
    """
    classes = list(names)
    texts = tuple(prompt.replace("{}", name) for name in names.values())
    candidates = np.tile(np.arange(len(classes)), (len(labels), 1))
    return Questions(pixels, texts, candidates, np.array([classes.index(label) for label in labels], np.int64))


def caption_questions(pixels: Pixels, captions: Sequence[Sequence[str]], choices: int, seed: int) -> Questions:
    """The first caption of each picture among those of `choices` - 1 others, drawn at random.

    Raises:
        TrainingError: there are fewer pictures than choices.
    """
    count = len(captions)
    if not 2 <= choices <= count:
        raise TrainingError(f"{choices} captions to choose from: expected 2 to {count}, as many as pictures")
    rng = np.random.default_rng(seed)
    others = [rng.choice(count - 1, choices - 1, replace=False) for _ in range(count)]
    rows = [[i, *(o + (o >= i))] for i, o in enumerate(others)]  # past itself
    numbers, first = _numbered([texts[0] for texts in captions])
    return Questions(pixels, numbers, first[np.array(rows)], np.zeros(count, np.int64))


def _numbered(texts: Sequence[str]) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """The distinct texts, and each one's number among them."""
    numbers: dict[str, int] = {}
    found = [numbers.setdefault(text, len(numbers)) for text in texts]
    return tuple(numbers), np.array(found, np.int64)
