"""Sources of pictures with texts, mixed by balanced sampling; what a batch of locked-tower training is made of."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from clipcore.errors import TrainingError
from clipcore.pairs.pair import Pair
from clipcore.pairs.webdataset import read_pairs
from clipcore.preprocess import Pixels
from clipcore.training.features import Maps
from clipcore.training.locked_recipe import LockedRecipe


class ViewReader(Protocol):
    """What gives the views of a tar's pictures: as maps of a locked trunk (`Reader`), or as pixels (`PixelReader`)."""

    def maps(self, tar: Path, pairs: list[Pair], count: int) -> Maps | Pixels:
        """Of `count` views of each picture, the pictures first."""
        ...


@dataclass(frozen=True)
class Source:
    """One tar: the maps of its pictures' views, and for each picture the numbers of its texts in the corpus."""

    name: str
    maps: Maps | Pixels  # (pictures, views, channels, height, width), or (pictures, views, height, width, 3)
    texts: tuple[tuple[int, ...], ...]

    @property
    def variety(self) -> int:
        """How many distinct texts it has: ninety pictures of one class teach no more words than one."""
        return len({text for texts in self.texts for text in texts})


@dataclass(frozen=True)
class Batch:
    """Where the pictures and the texts of a batch are to be found; all int64 (batch,)."""

    sources: Tensor
    pictures: Tensor  # within their source
    views: Tensor
    texts: Tensor  # within the corpus

    @property
    def picture_groups(self) -> Tensor:
        """(batch,): one number for each distinct picture."""
        return self.sources * 2**32 + self.pictures


@dataclass(frozen=True)
class TrainingSet:
    """All sources and the corpus of their distinct texts."""

    sources: tuple[Source, ...]
    corpus: tuple[str, ...]
    shares: Tensor  # (sources,), what part of a batch each fills

    def draw(self, size: int, rng: np.random.Generator) -> Batch:
        """A random batch: a source by its share, then a picture, one of its views and one of its texts."""
        chosen = rng.choice(len(self.sources), size, p=self.shares.numpy())
        rows = []
        for number in chosen:
            source = self.sources[number]
            picture = int(rng.integers(len(source.texts)))
            texts = source.texts[picture]
            rows.append((number, picture, rng.integers(source.maps.shape[1]), texts[rng.integers(len(texts))]))
        return Batch(*torch.tensor(np.array(rows, dtype=np.int64)).T)

    def maps(self, batch: Batch) -> Tensor:
        """float32 (batch, channels, height, width) of a batch's views."""
        places = zip(batch.sources.tolist(), batch.pictures.tolist(), batch.views.tolist(), strict=True)
        return torch.from_numpy(np.stack([self.sources[s].maps[p, v] for s, p, v in places])).float()


def read_training_set(tars: Sequence[Path], recipe: LockedRecipe, reader: ViewReader) -> TrainingSet:
    """Every described picture of `tars`.

    Raises:
        TrainingError: a tar cannot be read, or describes no picture.
    """
    corpus: dict[str, int] = {}
    sources = tuple(_read_source(tar, recipe, reader, corpus) for tar in tars)
    return TrainingSet(sources, tuple(corpus), shares(sources, recipe))


def shares(sources: Sequence[Source], recipe: LockedRecipe) -> Tensor:
    """What part of a batch each source fills: float64 (sources,), adding up to 1."""
    drawn = [recipe.weights.get(source.name, 1.0) * source.variety**recipe.balance for source in sources]
    parts = torch.tensor(drawn, dtype=torch.float64)
    return parts / parts.sum()


def paraphrased(texts: Sequence[str], paraphrases: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    r"""`texts`, and what else they say: for each pattern found in one, its other words around the group that matched.

    With ``r"\b(woman|man)\b.* looks at the camera"`` meaning ``"a portrait of a {}"``, the caption "A woman in red
    looks at the camera ." teaches "a portrait of a woman" too, which people search for and captions seldom say.
    """
    found = [
        other.format(next(filter(None, match.groups())).lower())
        for pattern, others in paraphrases.items()
        for text in texts
        if (match := re.search(pattern, text, re.IGNORECASE))
        for other in others
    ]
    return tuple(dict.fromkeys((*texts, *found)))


def without_names(texts: Sequence[str], names: Sequence[str]) -> tuple[str, ...]:
    """The `texts` that hold none of `names` as whole words, in either case."""
    pattern = "|".join(rf"\b{re.escape(name)}\b" for name in names)
    return tuple(text for text in texts if not (names and re.search(pattern, text, re.IGNORECASE)))


def _read_source(tar: Path, recipe: LockedRecipe, reader: ViewReader, corpus: dict[str, int]) -> Source:
    described = [
        (pair, paraphrased(texts, recipe.paraphrases))
        for pair in read_pairs(tar, recipe.exclude)
        if (texts := without_names(pair.texts(recipe.templates), recipe.unnamed))
    ]
    if not described:
        raise TrainingError(
            f"{tar} describes no picture: expected captions, a .txt, or a field the recipe has a template for"
        )
    pairs: list[Pair] = [pair for pair, _ in described]
    count = recipe.captioned_views if pairs[0].captions else recipe.labelled_views
    maps = reader.maps(tar, pairs, count)
    numbers = tuple(tuple(corpus.setdefault(text, len(corpus)) for text in texts) for _, texts in described)
    return Source(tar.stem, maps, numbers)
