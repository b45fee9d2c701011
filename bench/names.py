"""Measures names that are taught on a few photos: how many of the others are found, and in which surroundings.

    python -m bench.names starter --labelled grocery-train.tar --captioned flickr8k-dev.tar

Each label of the labelled pictures is taught on a few of them, and asked for among the rest (recall@10, over the best
that ten places can hold); its name is the label, which the encoder may know, or a pet's, which says nothing. Then a
pet's name is taught on captioned pictures of one kind ("dog"), and asked for in surroundings ("Rex on the beach"):
right is what two captions of a picture say of both (mean average precision).
"""

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.background import spread_of
from app.naming import SHRINKAGE, TEXT, Whitening, kinds
from bench.figures import write_results
from clipcore import Encoder, load_encoder
from clipcore.evaluation.datasets import DataSet
from clipcore.evaluation.encoded import encode_captioned, encode_labelled
from indexer.library import Library
from indexer.settings import load_settings
from indexer.vectors.base import Vectors

PETS = ("Rex", "Bella", "Max", "Luna", "Milo", "Daisy", "Zorro", "Kiwi")
TOP = 10
LEAST = 5  # pictures that must be there to be found
THINGS = {
    "dog": "dog dogs puppy",
    "boy": "boy",
    "girl": "girl",
    "horse": "horse horses",
    "bicycle": "bike bicycle bicycles bikes",
    "ball": "ball soccer football",
    "woman": "woman lady",
    "skateboarder": "skateboard skateboarder skateboarding",
    "snowboarder": "snowboarder snowboard",
    "motorcycle": "motorcycle motorbike",
}
SURROUNDINGS = {
    "on the beach": "beach ocean sand",
    "in the snow": "snow snowy",
    "in the grass": "grass grassy lawn",
    "in the water": "water lake river pool",
    "jumping": "jumping jumps leaps leaping",
    "running": "running runs run",
    "in a city street": "street city sidewalk",
    "playing": "playing play plays",
    "in red": "red",
    "in the air": "air midair",
    "sitting": "sitting sits",
    "in a crowd": "crowd people",
}
Marks = NDArray[np.bool_]


@dataclass
class Asker:
    """Asks pictures (n, dim) with texts and directions, in standard deviations."""

    encoder: Encoder
    pictures: Vectors
    words: Sequence[str]
    tags: Vectors

    def __post_init__(self) -> None:
        self._texts: dict[str, Vectors] = {}
        self._whitenings = {s: Whitening.of(self.pictures, s) for s in (0.1, SHRINKAGE, 1.0, 3.0)}

    def text(self, text: str) -> Vectors:
        if text not in self._texts:
            self._texts[text] = self.along(self.encoder.encode_texts([text])[0])
        return self._texts[text]

    def along(self, direction: Vectors) -> Vectors:
        scores = self.pictures @ direction
        spread = spread_of(scores)
        result: Vectors = (scores - spread.middle) / spread.deviation
        return result

    def kind(self, examples: Vectors) -> str:
        return self.words[int(np.argmax(self.tags @ (examples.mean(axis=0) - self.pictures.mean(axis=0))))]

    def ways(self, examples: Vectors, name: str, label: str, rest: str) -> Iterator[tuple[str, Vectors]]:
        """Each way of asking, and what it scores."""
        kind = self.kind(examples)
        yield "the name as text, alone", self.text(f"{name} {rest}".strip())
        yield "the true word as text, alone", self.text(f"{label} {rest}")
        yield "the mean of the examples", self.along(examples.mean(axis=0))
        yield "the same, less the library's", self.along(examples.mean(axis=0) - self.pictures.mean(axis=0))
        texts = {"kept": f"{name} {rest}".strip(), "left out": rest, "its kind": f"{kind} {rest}"}
        texts["its kind behind it"] = f"{name} {kind} {rest}"
        texts["the true word"] = f"{label} {rest}"
        for shrinkage, whitening in self._whitenings.items():
            direction = self.along(whitening.direction(examples))
            yield f"LDA {shrinkage:g}", direction
            for how, text in texts.items():
                if text:
                    for weight in (1.0, TEXT, 2.0):
                        way = f"LDA {shrinkage:g}, text with the name {how} x {weight:g}"
                        yield way, direction + weight * self.text(text)


def of_labels(asker: Asker, labels: NDArray[np.str_], examples: int, figures: dict[str, list[float]]) -> None:
    rng = np.random.default_rng(0)
    names = [label for label in sorted(set(labels)) if (labels == label).sum() >= examples + LEAST]
    for place, label in enumerate(names * 3):
        taught = rng.choice(np.flatnonzero(labels == label), examples, replace=False)
        rest = np.ones(len(labels), bool)
        rest[taught] = False
        for way, scores in asker.ways(asker.pictures[taught], PETS[place % len(PETS)], str(label), ""):
            best = np.argsort(-np.where(rest, scores, -np.inf))[:TOP]
            found = float((labels[best] == label).sum() / min(TOP, int((labels[rest] == label).sum())))
            figures.setdefault(f"recall@{TOP}, labels, {way}", []).append(found)


def of_captions(
    asker: Asker, captions: Sequence[Sequence[str]], examples: int, figures: dict[str, list[float]]
) -> None:
    words = [[set(re.findall("[a-z]+", caption.lower())) for caption in some] for some in captions]

    def said(any_of: str) -> Marks:
        return np.array([sum(not said.isdisjoint(any_of.split()) for said in some) >= 2 for some in words])

    rng = np.random.default_rng(0)
    for place, (thing, called) in enumerate(list(THINGS.items()) * 3):
        shown = said(called)
        taught = rng.choice(np.flatnonzero(shown), examples, replace=False)
        rest = np.ones(len(words), bool)
        rest[taught] = False
        for surroundings, described in SURROUNDINGS.items():
            right = (shown & said(described))[rest]
            if right.sum() >= LEAST:
                name = PETS[place % len(PETS)]
                for way, scores in asker.ways(asker.pictures[taught], name, thing, surroundings):
                    key = f"mean average precision, in surroundings, {way}"
                    figures.setdefault(key, []).append(average_precision(scores[rest], right))


def average_precision(scores: Vectors, right: Marks) -> float:
    hits = right[np.argsort(-scores, kind="stable")]
    return float((np.cumsum(hits) / np.arange(1, len(hits) + 1))[hits].mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("encoder")
    parser.add_argument("--labelled", type=Path, required=True)
    parser.add_argument("--captioned", type=Path, required=True)
    parser.add_argument("--examples", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path("bench/results/names.json"))
    options = parser.parse_args()
    if missing := [str(path) for path in (options.labelled, options.captioned) if not path.is_file()]:
        sys.exit(f"skipped: {' and '.join(missing)} not there")
    library = Library(load_settings(encoder=options.encoder))
    library.encoder = load_encoder(options.encoder)
    words, tags = kinds(library)
    measured: dict[str, list[float]] = {}
    labelled = encode_labelled(library.encoder, DataSet(options.labelled))
    asker = Asker(library.encoder, labelled.vectors, words, tags)
    of_labels(asker, np.array(labelled.labels), options.examples, measured)
    captioned = encode_captioned(library.encoder, DataSet(options.captioned))
    asker = Asker(library.encoder, captioned.vectors, words, tags)
    of_captions(asker, captioned.captions, options.examples, measured)
    library.close()
    figures = {way: round(float(np.mean(values)), 4) for way, values in measured.items()}
    for way, value in figures.items():
        print(f"{value:.3f}  {way}")
    write_results(options.out, figures)


if __name__ == "__main__":
    main()
