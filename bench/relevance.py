"""Fits the constants of relevance on labelled pictures, and compares its cut with the best fixed score threshold.

    python -m bench.relevance starter --captioned flickr8k-dev.tar --labelled tiny-imagenet-200x90.tar@dev/
    ... --write data/relevance.json        # keep the constants as this encoder's own

Words that captions use, and class names, are the queries. A captioned picture answers a word that two of its captions
use; one that a single caption uses is left out. Constants, cut and threshold are chosen on every other query over every
other picture, and measured on the rest, whose queries and pictures are both new. Each data set counts the same.
"""

import argparse
import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from app.background import spread_of
from app.relevance import TEMPLATES, above_words_at_large, at_large
from bench.figures import write_results
from clipcore import Encoder, load_encoder
from clipcore.evaluation.datasets import DataSet
from clipcore.evaluation.encoded import encode_captioned, encode_labelled
from clipcore.zeroshot import class_vectors
from indexer.vectors.base import Vectors

UNKNOWN = -1
NOT_SEEN = """
the and with are for from his her their its two one three man's while over into out down through near behind front side
another other that there they being some has have very what who this around off next against along under several four
five all them him each
"""  # words of captions that no picture can be asked for

Truth = NDArray[np.int8]  # (queries, pictures): 1, 0 or UNKNOWN


@dataclass(frozen=True)
class Case:
    """Queries over pictures: scores and deviations, both (queries, pictures), and what is true."""

    name: str
    scores: Vectors
    deviations: Vectors
    truth: Truth

    def part(self, odd: int) -> "Case":
        """Every other query over every other picture."""
        rows, columns = slice(odd, None, 2), slice(odd, None, 2)
        return Case(self.name, *(array[rows, columns] for array in (self.scores, self.deviations, self.truth)))


def words_of(captions: Sequence[Sequence[str]]) -> tuple[list[str], Truth]:
    """The words that at least five pictures answer, of those that fewer than two in five use."""
    counts = [Counter(w for c in texts for w in set(re.findall("[a-z]{3,}", c.lower()))) for texts in captions]
    used = Counter(word for count in counts for word in count)
    words = sorted(word for word, n in used.items() if 8 <= n <= 0.4 * len(counts) and word not in NOT_SEEN.split())
    truth = np.array([[min(count[w], 2) for count in counts] for w in words], np.int8)
    truth = np.choose(truth, [0, UNKNOWN, 1]).astype(np.int8)
    seen = (truth == 1).sum(axis=1) >= 5
    return [word for word, is_seen in zip(words, seen, strict=True) if is_seen], truth[seen]


def text_case(encoder: Encoder, name: str, queries: Sequence[str], pictures: Vectors, truth: Truth) -> Case:
    tags = class_vectors(encoder, at_large(), TEMPLATES)
    scores = encoder.encode_texts(queries) @ pictures.T
    deviations = np.stack([above_words_at_large(row, pictures, tags) for row in scores])
    return Case(name, scores, deviations, truth)


def photo_case(name: str, labels: NDArray[np.str_], pictures: Vectors) -> Case:
    """Pictures asked with pictures: those of the same class answer."""
    scores = pictures @ pictures.T
    spreads = [spread_of(row) for row in scores]
    deviations = np.stack([(row - s.middle) / s.deviation for row, s in zip(scores, spreads, strict=True)])
    truth = (labels[:, None] == labels[None]).astype(np.int8)
    np.fill_diagonal(truth, UNKNOWN)
    return Case(name, scores, deviations, truth)


def precision_recall_f1(chosen: NDArray[np.bool_], truth: Truth) -> tuple[float, float, float]:
    hits = int((chosen & (truth == 1)).sum())
    precision = hits / max(int((chosen & (truth != UNKNOWN)).sum()), 1)
    recall = hits / max(int((truth == 1).sum()), 1)
    return precision, recall, 2 * precision * recall / max(precision + recall, 1e-9)


def best_cut(cases: Sequence[Case], values: Callable[[Case], Vectors]) -> float:
    """The threshold on `values` with the best mean F1 over cases."""
    taken = [(values(case), case.truth) for case in cases]
    candidates = np.quantile(np.concatenate([v.ravel() for v, _ in taken]), np.linspace(0.8, 0.9995, 200))
    means = [np.mean([precision_recall_f1(v >= cut, truth)[2] for v, truth in taken]) for cut in candidates]
    return float(candidates[int(np.argmax(means))])


def fit(cases: Sequence[Case]) -> dict[str, float]:
    """Logistic constants over cases that count the same, and the cut as a probability."""
    x, y, weights = [], [], []
    for case in cases:
        known = case.truth != UNKNOWN
        x.append(case.deviations[known])
        y.append(case.truth[known])
        weights.append(np.full(int(known.sum()), 1e4 / known.sum()))
    model = LogisticRegression(C=1e6)
    model.fit(np.concatenate(x)[:, None], np.concatenate(y), sample_weight=np.concatenate(weights))
    slope, intercept = float(model.coef_[0, 0]), float(model.intercept_[0])
    cut = 1 / (1 + np.exp(-(slope * best_cut(cases, lambda case: case.deviations) + intercept)))
    return {"slope": round(slope, 4), "intercept": round(intercept, 4), "cut": round(float(cut), 4)}


def report(kind: str, cases: Sequence[Case]) -> tuple[dict[str, float], dict[str, float]]:
    """Constants fitted on the even halves, and figures of the odd halves, also printed."""
    even, odd = [case.part(0) for case in cases], [case.part(1) for case in cases]
    constants = fit(even)
    cut = (np.log(constants["cut"] / (1 - constants["cut"])) - constants["intercept"]) / constants["slope"]
    fixed = best_cut(even, lambda case: case.scores)
    oracle = best_cut(odd, lambda case: case.scores)
    print(f"{kind}: {constants}")
    figures: dict[str, float] = {}
    for how, chosen in (
        ("relevance", [case.deviations >= cut for case in odd]),
        (f"fixed threshold {fixed:.3f}", [case.scores >= fixed for case in odd]),
        (f"best threshold in hindsight {oracle:.3f}", [case.scores >= oracle for case in odd]),
    ):
        measured = [precision_recall_f1(c, case.truth) for c, case in zip(chosen, odd, strict=True)]
        for case, (precision, recall, f1) in zip(odd, measured, strict=True):
            print(f"  {how:40} {case.name:12} precision {precision:.3f}  recall {recall:.3f}  F1 {f1:.3f}")
            figures[f"{kind}, {how.partition(' 0.')[0]}, {case.name}: F1"] = round(f1, 4)
        print(f"  {how:40} {'mean':12} F1 {np.mean([m[2] for m in measured]):.3f}")
        figures[f"{kind}, {how.partition(' 0.')[0]}: mean F1"] = round(float(np.mean([m[2] for m in measured])), 4)
    return constants, figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("encoder")
    parser.add_argument("--captioned", type=DataSet.parse, required=True)
    parser.add_argument("--labelled", type=DataSet.parse, required=True)
    parser.add_argument("--write", type=Path, help="keep the constants in this file")
    parser.add_argument("--out", type=Path, default=Path("bench/results/relevance.json"))
    options = parser.parse_args()
    encoder = load_encoder(options.encoder)
    captioned, labelled = encode_captioned(encoder, options.captioned), encode_labelled(encoder, options.labelled)
    words, truth = words_of(captioned.captions)
    labels = np.array(labelled.labels)
    names = sorted(set(labelled.labels))
    of_class = np.array([labels == name for name in names]).astype(np.int8)
    cases = [
        text_case(encoder, "words", words, captioned.vectors, truth),
        text_case(encoder, "class names", [n.partition(",")[0] for n in names], labelled.vectors, of_class),
    ]
    text, figures = report("text", cases)
    photo, more = report("photo", [photo_case("classes", labels, labelled.vectors)])
    write_results(options.out, figures | more)
    if options.write:
        known = json.loads(options.write.read_text("utf-8")) if options.write.is_file() else {}
        known[encoder.fingerprint] = {"encoder": encoder.name, "text": text, "photo": photo}
        options.write.write_text(json.dumps(known, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
