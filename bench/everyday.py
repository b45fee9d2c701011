"""Asks an encoder for what people ask of their photos, as the app does, and says by groups what it finds.

    python -m bench.everyday DATA --demo demo                        # the encoder that ships
    python -m bench.everyday DATA --encoder ViT-B-32/laion2b_s34b_b79k --json figures.json
    python -m bench.everyday DATA --sheets sheets                    # the worst 20 in pictures

DATA is a folder with flickr8k-dev.tar (captions), tiny-imagenet-200x90.tar (class names, its dev/ part) and
camera-photos.tar, as data/starter/CARD.md describes them; `--demo` is the demo collection (`make demo`). Those that are
missing are left out. Queries and what answers them: bench/everyday.toml; pictures that were looked at:
bench/everyday_seen.tsv. Pictures of which a rule does not know whether they answer count neither way.

Precision@k is the share of hits among the first k, or among as many as there are hits where those are fewer. "Match" is
what the app shows as a match; where nothing is, it says so. By chance: what an order by lot would get.
"""

import argparse
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.relevance import TEMPLATES, at_large, calibration
from bench.everyday_measure import Found, figures_of, measure
from bench.everyday_rules import QUERIES, SEEN, Known, Query, RuleError, name_of, read_queries, read_seen
from bench.everyday_sheets import write_sheets
from bench.figures import write_results
from bench.relevance import Truth, text_case
from clipcore import Encoder, load_encoder
from clipcore.errors import EvaluationError, ImageError
from clipcore.evaluation.datasets import DataSet, Example
from clipcore.preprocess import Pixels
from clipcore.progress import Progress
from clipcore.stream import decode_ahead, encode_each
from clipcore.zeroshot import class_vectors
from indexer.vectors.base import Vectors

SETS = ("flickr8k-dev.tar", "tiny-imagenet-200x90.tar@dev/", "camera-photos.tar")


@dataclass(frozen=True)
class Picture:
    """A picture of the pool and what is known of it."""

    example: Example
    known: Known


def read_pool(folder: Path, demo: Path | None) -> list[Picture]:
    """The pictures there are, of which something is known."""
    seen = read_seen(SEEN)
    sets = [DataSet.parse(str(folder / name)) for name in SETS if (folder / name.partition("@")[0]).exists()]
    examples = itertools.chain(*sets, DataSet.parse(str(demo)) if demo else ())
    known = ((example, _known(example, seen)) for example in examples)
    return [Picture(example, what) for example, what in known if what]


def _known(example: Example, seen: Mapping[str, Known]) -> Known | None:
    if example.captions:
        return Known("captions", example.captions)
    if written := seen.get(name_of(example.key)):
        return written
    return Known("classes", (example.label,)) if example.label else None


def encode(encoder: Encoder, pictures: Sequence[Picture], cache: Path | None) -> Vectors:
    """Vectors of pictures (n, dim), kept in and taken from the folder `cache`."""
    keys = np.array([picture.example.key for picture in pictures])
    kept = cache / f"everyday-{encoder.fingerprint}.npz" if cache else None
    if kept and kept.exists():
        with np.load(kept) as file:
            if np.array_equal(file["keys"], keys):
                vectors: Vectors = file["vectors"]
                return vectors

    def decode(picture: Picture) -> Pixels:
        with picture.example.open() as image:
            return encoder.preprocessing(image)

    progress, found = Progress("pictures", len(pictures)), []
    for picture, vector in encode_each(decode_ahead(pictures, decode), encoder.encode_pixels):
        if isinstance(vector, ImageError):
            raise SystemExit(f"{picture.example.key} cannot be read: {vector}")
        found.append(vector)
        progress(len(found))
    vectors = np.stack(found)
    if kept:
        kept.parent.mkdir(parents=True, exist_ok=True)
        np.savez(kept, keys=keys, vectors=vectors)
    return vectors


def judge(queries: Sequence[Query], pictures: Sequence[Picture]) -> Truth:
    """What is true, (queries, pictures)."""
    return np.array([[query.judge(picture.known) for picture in pictures] for query in queries], np.int8)


def ask(encoder: Encoder, queries: Sequence[Query], vectors: Vectors, truth: Truth) -> list[Found]:
    """Each query as the app asks it, judged by its relevance."""
    case = text_case(encoder, "everyday", [query.text for query in queries], vectors, truth)
    likely = calibration(encoder.fingerprint).text
    at_all = vectors @ class_vectors(encoder, at_large(), TEMPLATES).mean(axis=0)
    return [
        measure(query, scores, scores - at_all, likely(deviations) >= likely.cut, true)
        for query, scores, deviations, true in zip(queries, case.scores, case.deviations, truth, strict=True)
    ]


COLUMNS = {
    "queries": "asked",
    "hits a query": "hits",
    "first is a hit": "first",
    "precision@5": "P@5",
    "precision@5 by chance": "chance",
    "precision@10": "P@10",
    "mean average precision": "mAP",
    "match: precision": "match P",
    "match: recall": "match R",
    "nothing said to match though something does": "lost",
    "queries without a hit": "none",
    "of those, nothing said to match": "abstains",
}


def print_table(rows: Mapping[str, Mapping[str, float]]) -> None:
    print(f"{'':26}" + "".join(f"{short:>9}" for short in COLUMNS.values()))
    for name, row in rows.items():
        cells = ("-" if np.isnan(v) else f"{v:.0f}" if k.startswith("queries") else f"{v:.3g}" for k, v in row.items())
        print(f"{name:26}" + "".join(f"{cell:>9}" for cell in cells))


def worst(found: Sequence[Found], count: int) -> list[Found]:
    """Those that found least of what there is, the worst first."""
    return sorted((one for one in found if one.hits), key=lambda one: one.average_precision or 0.0)[:count]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder with the tars")
    parser.add_argument("--demo", type=Path, help="folder of the demo collection")
    parser.add_argument("--encoder", default="starter")
    parser.add_argument("--queries", type=Path, default=QUERIES)
    parser.add_argument("--cache", type=Path, help="keep vectors of the pictures in this folder")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    parser.add_argument("--each", action="store_true", help="also print every query")
    parser.add_argument("--sheets", type=Path, help="write the first results of the worst queries, as PNGs, here")
    parser.add_argument("--worst", type=int, default=20, help="how many queries the sheets show")
    options = parser.parse_args()
    try:
        queries, pictures = read_queries(options.queries), read_pool(options.data, options.demo)
    except (RuleError, EvaluationError) as error:
        raise SystemExit(str(error)) from error
    if not pictures:
        raise SystemExit(f"{options.data} has none of {', '.join(SETS)}")
    encoder = load_encoder(options.encoder)
    truth = judge(queries, pictures)
    found = ask(encoder, queries, encode(encoder, pictures, options.cache), truth)
    if options.each:
        for one in found:
            print(
                f"{one.query.group:26} {one.query.text:34} hits {one.hits:4} of {one.judged:5}"
                f"  P@5 {one.precision_at_5 or 0:.2f}  AP {one.average_precision or 0:.3f}  matched {one.matched}"
            )
    groups = dict.fromkeys(query.group for query in queries)
    rows = {group: figures_of([one for one in found if one.query.group == group]) for group in groups}
    rows["all"] = figures_of(found)
    print(f"{len(queries)} queries over {len(pictures):,} pictures, {encoder.name} ({encoder.fingerprint})")
    print_table(rows)
    if options.json:
        named = {f"{g}: {k}": round(v, 4) for g, row in rows.items() for k, v in row.items() if not np.isnan(v)}
        write_results(options.json, {"pictures": len(pictures), **named})
    if options.sheets:
        rows_of = [(one.query.text, one.order, truth[queries.index(one.query)]) for one in worst(found, options.worst)]
        write_sheets(rows_of, [picture.example for picture in pictures], options.sheets)


if __name__ == "__main__":
    main()
