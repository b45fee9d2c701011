"""Measures what captions of photos add to searching by what is seen, and whether they harm it.

    python -m bench.mentions starter --captioned flickr8k-dev.tar

Each picture's first caption is written of it for every other picture of the data set; the others carry nothing, as most
photos do. Queries are the captions that other people wrote (fusion should find captioned pictures more often, and the
others hardly less often), and single words that at least two captions of a picture use.
"""

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sqlalchemy import insert

from app.background import spread_of
from app.mentions import find_mentions
from bench.figures import write_results
from bench.relevance import words_of
from clipcore import load_encoder
from clipcore.evaluation.datasets import DataSet
from clipcore.evaluation.encoded import encode_captioned
from indexer.catalog import Content, Folder, FolderState, Photo, PhotoMetadata, PhotoState
from indexer.fulltext import index_words
from indexer.library import Library
from indexer.settings import load_settings
from indexer.vectors.base import Vectors


@dataclass(frozen=True)
class Asked:
    """Queries over pictures: deviations of their scores and shares of their words, both (queries, pictures)."""

    deviations: Vectors
    shares: Vectors

    def ranks(self, weight: float, strong: float, answers: Sequence[int]) -> Vectors:
        """The place, from 0, of the one picture that answers each query."""
        fused = self.fused(weight, strong)
        own = fused[np.arange(len(answers)), answers]
        result: Vectors = (fused > own[:, None]).sum(axis=1)
        return result

    def fused(self, weight: float, strong: float) -> Vectors:
        result: Vectors = self.deviations + weight * np.where(self.shares >= strong, self.shares, 0)
        return result

    def reciprocal(self, answers: Sequence[int]) -> Vectors:
        """The same by reciprocal rank fusion (Cormack et al., 2009; k = 60) of both rankings."""
        seen = (-self.deviations).argsort(axis=1).argsort(axis=1)
        written = (-self.shares).argsort(axis=1, kind="stable").argsort(axis=1)
        fused = 1 / (60 + seen) + np.where(self.shares > 0, 1 / (60 + written), 0)
        own = fused[np.arange(len(answers)), answers]
        result: Vectors = (fused > own[:, None]).sum(axis=1)
        return result


def describe(library: Library, captions: Sequence[str]) -> None:
    """A catalog of as many photos, each other with its caption."""
    shape = {"width": 1, "height": 1, "format": "JPEG", "size": 1}
    with library.catalog.writing() as (session, revision):
        session.add(Folder(id=1, path="/photos", state=FolderState.ONLINE))
        session.flush()
        ids = range(1, len(captions) + 1)
        session.execute(insert(Content), [{"id": i, "sha256": f"{i:064x}", "revision": revision, **shape} for i in ids])
        photo = {"folder_id": 1, "size": 1, "mtime_ns": 0, "state": PhotoState.PRESENT}
        session.execute(
            insert(Photo), [{"id": i, "content_id": i, "path": f"/photos/IMG_{i}.jpg", **photo} for i in ids]
        )
        session.execute(insert(PhotoMetadata), [{"photo_id": i, "version": 1, "caption": captions[i - 1]} for i in ids])
        index_words(session, list(ids))


def asked(library: Library, queries: Sequence[str], pictures: Vectors) -> Asked:
    scores = library.encoder.encode_texts(queries) @ pictures.T
    spreads = [spread_of(row) for row in scores]
    deviations = np.stack([(row - s.middle) / s.deviation for row, s in zip(scores, spreads, strict=True)])
    shares = np.zeros_like(deviations)
    for row, query in zip(shares, queries, strict=True):
        found = find_mentions(library, query, strong=0.0)
        row[found.ids - 1] = found.shares
    return Asked(deviations, shares)


def recall(ranks: Vectors, k: int) -> float:
    return float(np.mean(ranks < k))


def mean_average_precision(fused: Vectors, truth: Vectors) -> float:
    precisions = []
    for scores, answers in zip(fused, truth, strict=True):
        known = answers >= 0
        order = np.argsort(-scores[known], kind="stable")
        right = answers[known][order] == 1
        precisions.append(float((np.cumsum(right) / np.arange(1, len(right) + 1))[right].mean()))
    return float(np.mean(precisions))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("encoder")
    parser.add_argument("--captioned", type=DataSet.parse, required=True)
    parser.add_argument("--weights", type=float, nargs="+", default=[0, 1, 2, 3, 4, 6])
    parser.add_argument("--strong", type=float, nargs="+", default=[0.3, 0.5, 0.6, 0.7, 0.8])
    parser.add_argument("--out", type=Path, default=Path("bench/results/mentions.json"))
    options = parser.parse_args()
    encoder = load_encoder(options.encoder)
    data = encode_captioned(encoder, options.captioned)
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as home:
        library = Library(load_settings(home=Path(home)))
        library.encoder = encoder
        describe(library, [texts[0] if i % 2 else "" for i, texts in enumerate(data.captions)])
        others = asked(library, [texts[2] for texts in data.captions], data.vectors)
        words, truth = words_of([texts[1:] for texts in data.captions])
        single = asked(library, words, data.vectors)
        library.close()
    every = np.arange(len(data.captions))

    def show(name: str, ranks: Vectors, precision: float | None) -> None:
        for part, of in (("with", every % 2 == 1), ("without", every % 2 == 0)):
            for k in (1, 10):
                figures[f"{name}: recall@{k}, pictures {part} a caption"] = round(recall(ranks[of], k), 4)
        if precision is not None:
            figures[f"{name}: mean average precision of {len(words)} words"] = round(precision, 4)
        print(name, *(f"{value:.3f}" for key, value in figures.items() if key.startswith(f"{name}:")))

    print("recall@1 and @10 of pictures with a caption, the same of those without, mean average precision of words")
    show("reciprocal rank fusion", others.reciprocal(every), None)
    for strong in options.strong:
        for weight in options.weights:
            name = f"weight {weight:g} from share {strong:g}"
            precision = mean_average_precision(single.fused(weight, strong), truth)
            show(name, others.ranks(weight, strong, every), precision)
    write_results(options.out, figures)


if __name__ == "__main__":
    main()
