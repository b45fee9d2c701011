"""Fits the constants of describing on captioned and labelled pictures, and measures on others how true they are.

    python -m bench.describe starter --captioned flickr8k-dev.tar --labelled tiny-imagenet-200x90.tar@dev/
    ... --write data/describe.json         # keep the constants as this encoder's own

A tag, or a kind of it, that two of a picture's captions name holds of it; one that a single caption names is left out;
one that none names does not hold. Of a labelled picture only the tags that are labels are known. Fitted on every other
picture, measured on the rest: mean probability and share that holds, by tens, for tags and for tags with their kinds.
"""

import argparse
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from app.kinds import families, together
from app.likelihood import Encoded, Likelihood
from app.vocabularies import Tag
from bench.figures import write_results
from clipcore.evaluation.datasets import DataSet
from clipcore.evaluation.encoded import encode_captioned, encode_labelled
from indexer.library import Library
from indexer.settings import load_settings
from indexer.vectors.base import Vectors

UNKNOWN = -1
EDGES = (0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.001)
FEWEST = 20  # cases in a row of the table

Truth = NDArray[np.int8]  # (pictures, tags): 1, 0 or UNKNOWN


def named_by_captions(captions: Sequence[Sequence[str]], tags: Sequence[Tag]) -> Truth:
    """Which tags hold, by what people wrote."""
    places = {tag.text.lower(): i for i, tag in enumerate(tags)}
    counts = np.zeros((len(captions), len(tags)), np.int8)
    for row, texts in zip(counts, captions, strict=True):
        for text in texts:
            named = {places[phrase] for phrase in phrases(text) if phrase in places}
            named |= {places[tags[i].parent.lower()] for i in named if tags[i].parent}
            row[sorted(named)] += 1
    return np.where(counts >= 2, 1, np.where(counts == 1, UNKNOWN, 0)).astype(np.int8)


def phrases(text: str) -> Iterator[str]:
    """Up to three words in a row, the last as it is and without a plural's ending."""
    words = re.findall("[a-z'-]+", text.lower())
    for start in range(len(words)):
        for end in range(start + 1, min(start + 4, len(words) + 1)):
            *first, last = words[start:end]
            for ending, single in (
                ("", ""),
                ("s", ""),
                ("es", ""),
                ("ies", "y"),
                ("men", "man"),
                ("children", "child"),
            ):
                if last.endswith(ending):
                    yield " ".join([*first, last.removesuffix(ending) + single])


def named_by_labels(labels: Sequence[str], tags: Sequence[Tag]) -> Truth:
    """Which of the tags that are labels, or what those are kinds of, hold."""
    places = {tag.text.lower(): i for i, tag in enumerate(tags)}
    chains: dict[str, list[int]] = {}
    for label in set(labels):
        named = next((n for n in label.lower().split(", ") if n in places), None)
        if named is not None:
            place = places[named]
            above = tags[place].parent.lower()
            chains[label] = [place, *([places[above]] if above else [])]
    truth = np.full((len(labels), len(tags)), UNKNOWN, np.int8)
    known = sorted({i for chain in chains.values() for i in chain})
    for row, label in zip(truth, labels, strict=True):
        if label in chains:
            row[known] = 0
            row[chains[label]] = 1
    return truth


def fit(encoded: Encoded, cases: Sequence[tuple[Vectors, Truth]]) -> dict[str, float]:
    """The constants over the even pictures of cases (deviations, truth), which count the same."""
    x, y, weights = [], [], []
    for deviations, truth in cases:
        known = truth[::2] != UNKNOWN
        x.append(np.stack([deviations[::2][known], np.broadcast_to(encoded.familiar, known.shape)[known]], axis=1))
        y.append(truth[::2][known])
        weights.append(np.full(len(y[-1]), len(truth) / sum(len(t) for _, t in cases)))
    model = LogisticRegression(C=1e6).fit(np.concatenate(x), np.concatenate(y), np.concatenate(weights))
    deviation, familiar = model.coef_[0]
    return {"deviation": deviation, "familiar": familiar, "intercept": float(model.intercept_[0])}


def calibration(likely: NDArray[np.float32], truth: Truth) -> list[dict[str, float]]:
    """By how probable tags are: how many cases, their mean probability, and the share that holds."""
    known = truth != UNKNOWN
    p, holds = likely[known], truth[known]
    rows = []
    for low, high in zip(EDGES, EDGES[1:], strict=False):
        inside = (p >= low) & (p < high)
        if inside.sum() >= FEWEST:
            said, true = float(p[inside].mean()), float(holds[inside].mean())
            rows.append({"from": low, "cases": int(inside.sum()), "said": round(said, 3), "holds": round(true, 3)})
    return rows


def with_kinds(likely: NDArray[np.float32], tags: Sequence[Tag]) -> tuple[NDArray[np.float32], list[int]]:
    """The probabilities of tags that have kinds, taken together with them, and their places."""
    below = {i: kinds for i, kinds in families(tags).items() if kinds}
    return together(likely, below), list(below)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("encoder")
    parser.add_argument("--captioned", type=DataSet.parse, required=True)
    parser.add_argument("--labelled", type=DataSet.parse, required=True)
    parser.add_argument("--write", type=Path, help="keep the constants in this file")
    parser.add_argument("--out", type=Path, default=Path("bench/results/describe.json"))
    options = parser.parse_args()
    library = Library(load_settings(encoder=options.encoder))
    encoder, judge = library.encoder, Likelihood(library)
    broad = judge.broad
    captioned, labelled = encode_captioned(encoder, options.captioned), encode_labelled(encoder, options.labelled)
    truths = named_by_captions(captioned.captions, broad.tags), named_by_labels(labelled.labels, broad.tags)
    deviations = [judge.deviations(broad, data.vectors) for data in (captioned, labelled)]
    constants = {
        name: round(float(value), 4) for name, value in fit(broad, list(zip(deviations, truths, strict=True))).items()
    }
    judge.constants = type(judge.constants)(**constants)
    figures: dict[str, object] = {"encoder": encoder.fingerprint, "constants": constants}
    for name, d, truth in zip(("captions", "labels"), deviations, truths, strict=True):
        likely, odd = judge.of_deviations(broad, d[1::2]), truth[1::2]
        whole, places = with_kinds(likely, broad.tags)
        best = np.argsort(-likely, axis=1)[:, :5]
        figures[name] = {
            "tags": calibration(likely, odd),
            "with kinds": calibration(whole, odd[:, places]),
            "of the first five, named by two": round(float((np.take_along_axis(odd, best, 1) == 1).mean()), 3),
        }
    print(json.dumps(figures, indent=1))
    write_results(options.out, figures)
    if options.write:
        known = json.loads(options.write.read_text("utf-8")) if options.write.is_file() else {}
        known[encoder.fingerprint] = constants
        options.write.write_text(json.dumps(known, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
