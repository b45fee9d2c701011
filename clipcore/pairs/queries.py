"""The query list of section 2.2: what a picture may be a picture of.

"All words occurring at least 100 times in the English version of Wikipedia", and to them "bi-grams with high pointwise
mutual information as well as the names of all Wikipedia articles above a certain search volume. Finally all WordNet
synsets not already in the query list are added". The text corpus, the titles and WordNet are files that the user gives.
"""

import gzip
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from pathlib import Path

from clipcore.errors import PairsError
from clipcore.pairs.parts import writing
from clipcore.pairs.words import normalised, words_of

MOST = 500_000  # queries, as in the paper
_HELD = 5_000_000  # distinct bigrams counted at a time; rare ones are dropped beyond that


@dataclass(frozen=True)
class QueryRules:
    """Which words and bigrams become queries.

    Attributes:
        min_count: occurrences of a word, and of a bigram (the paper's 100 for words).
        min_pmi: pointwise mutual information of a bigram, in nats: ln p(ab) / (p(a) p(b)).
        most: queries at most; words first, then bigrams by their information, then titles, then WordNet.
    """

    min_count: int = 100
    min_pmi: float = 3.0
    most: int = MOST


@dataclass(frozen=True)
class Queries:
    """A query list: how many came from each place, and the queries themselves, normalised."""

    counts: dict[str, int]
    queries: tuple[str, ...]


def build_queries(
    corpus: Sequence[Path], titles: Iterable[str] = (), synsets: Iterable[str] = (), rules: QueryRules | None = None
) -> Queries:
    """A query list from text files (one sentence or article a line, ``.gz`` too), titles and WordNet's lemmas.

    Two streaming passes over the corpus: words, then bigrams of frequent words.

    Raises:
        PairsError: a file cannot be read, or no query comes of them.
    """
    rules = rules or QueryRules()
    words = Counter(chain.from_iterable(map(words_of, _lines(corpus))))
    frequent = {word: count for word, count in words.most_common() if count >= rules.min_count}
    kept: dict[str, None] = {}
    counts: dict[str, int] = {}
    for name, found in (
        ("words", iter(frequent)),
        ("bigrams", iter(_bigrams(corpus, frequent, words.total(), rules))),
        ("titles", map(normalised, titles)),
        ("WordNet", map(normalised, synsets)),
    ):
        before = len(kept)
        for query in found:
            if len(kept) >= rules.most:
                break
            if query:
                kept.setdefault(query)
        counts[name] = len(kept) - before
    if not kept:
        raise PairsError(f"no query: no word occurs {rules.min_count} times; --min-count asks for fewer")
    return Queries(counts, tuple(kept))


def _bigrams(corpus: Sequence[Path], frequent: dict[str, int], total: int, rules: QueryRules) -> list[str]:
    """Bigrams of frequent words, those with the most information first."""
    counts: Counter[tuple[str, str]] = Counter()
    floor = 1
    for line in _lines(corpus):
        counts.update(pair for pair in pairwise(words_of(line)) if pair[0] in frequent and pair[1] in frequent)
        if len(counts) > _HELD:  # lossy counting: what is frequent survives
            counts = Counter({pair: count for pair, count in counts.items() if count > floor})
            floor += 1
    scored = (
        (math.log(count * total / (frequent[first] * frequent[second])), f"{first} {second}")
        for (first, second), count in counts.items()
        if count >= rules.min_count
    )
    return [bigram for pmi, bigram in sorted(scored, key=lambda s: (-s[0], s[1])) if pmi >= rules.min_pmi]


def _lines(files: Sequence[Path]) -> Iterator[str]:
    for path in files:
        try:
            with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8") as lines:
                yield from lines
        except (OSError, EOFError, UnicodeDecodeError) as error:
            raise PairsError(f"cannot read {path} as text in UTF-8: {error}") from error


def read_lines(path: Path) -> Iterator[str]:
    """The lines of a text file, ``.gz`` too, without the ends.

    Raises:
        PairsError: it cannot be read.
    """
    return (line.rstrip("\n") for line in _lines([path]))


def write_queries(queries: Iterable[str], path: Path) -> None:
    """One query a line.

    Raises:
        PairsError: the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with writing(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        file.writelines(f"{query}\n" for query in queries)


def read_queries(path: Path) -> tuple[str, ...]:
    """The queries of a file, normalised and each once.

    Raises:
        PairsError: it cannot be read, or holds none.
    """
    queries = tuple(dict.fromkeys(query for line in read_lines(path) if (query := normalised(line))))
    if not queries:
        raise PairsError(f"{path} holds no query: expected one a line")
    return queries
