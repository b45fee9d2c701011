"""Which photos the words of a description are written of, so that a name or a caption counts beside what is seen.

A photo's share is that of the description's words that are written of it, each by how rare it is in the library (its
inverse document frequency). Words that join others do not count, and neither do those that are written of so many
photos that they tell nothing.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from sqlalchemy import CompoundSelect, Connection, Integer, func, literal_column, select, union_all

from app.relevance import Relevances
from indexer.catalog import Photo, PhotoState
from indexer.fulltext import Written, asked, tokens
from indexer.library import Library
from indexer.vectors.base import Ids, Vectors

STRONG = 0.6  # the least share that counts; docs/decisions/2026-11-25-words-and-vectors.md has the measurements
WEIGHT = 4.0  # standard deviations that a whole share is worth beside the score
CERTAIN = 0.9  # how probably a photo of which all words are written answers
_COMMON = 2_000  # photos, or a quarter of the library: a word written of more tells nothing
_MOST_WORDS = 16
_JOINING = """
a an the this that these those some any my our your his her its their of in on at by to from with without for and or as
is are was were be being has have into onto over under up down out off near it he she they we i you
photo photos picture pictures image images
"""
JOINING = frozenset(_JOINING.split())  # words that tell nothing


@dataclass(frozen=True)
class Mentions:
    """Contents of which a description's words are written, and their shares (n,), all at least `STRONG`."""

    ids: Ids
    shares: Vectors

    def of(self, content_ids: Ids) -> Vectors:
        """The shares of contents, 0 for those without."""
        known = dict(zip(self.ids.tolist(), self.shares.tolist(), strict=True))
        return np.array([known.get(content_id, 0.0) for content_id in content_ids.tolist()], np.float32)

    def beside(self, content_ids: Ids, allowed: Sequence[int] | None) -> Ids:
        """Those of the contents that are allowed (None: all) and not among these."""
        may = np.ones(len(self.ids), bool) if allowed is None else np.isin(self.ids, np.asarray(allowed, np.int64))
        return self.ids[may & ~np.isin(self.ids, content_ids)]


NONE = Mentions(np.empty(0, np.int64), np.empty(0, np.float32))


def find_mentions(library: Library, text: str, strong: float = STRONG, photos: int | None = None) -> Mentions:
    """The contents of which the words of a text are written, wholly or nearly; `photos`: of how many."""
    words = [word for word in dict.fromkeys(tokens(text).split()) if word not in JOINING][:_MOST_WORDS]
    if not words:
        return NONE
    with library.catalog.reading_columns() as connection:
        found = _written(connection, words)
        if not any(found):
            return NONE
        if photos is None:
            present = select(func.count()).select_from(Photo).where(Photo.state == PhotoState.PRESENT)
            photos = connection.execute(present).scalar_one()
    most = min(_COMMON, max(1, photos / 4))
    total, shares = 0.0, dict[int, float]()
    for contents in found:
        if len(contents) > most:
            continue
        weight = math.log(1 + photos / (1 + len(contents)))
        total += weight
        for content_id in contents:
            shares[content_id] = shares.get(content_id, 0.0) + weight
    kept = {content_id: share / total for content_id, share in shares.items() if share >= strong * total}
    return Mentions(np.array(list(kept), np.int64), np.array(list(kept.values()), np.float32))


def _written(connection: Connection, words: Sequence[str]) -> list[set[int]]:
    """The contents of which each word is written; of a common word only so many that this can be seen."""
    names = {name: value for i, word in enumerate(words) for name, value in asked(_forms(word), number=i).items()}
    found: list[set[int]] = [set() for _ in words]
    for number, content_id in connection.execute(_of_words(len(words)), names):
        found[number].add(content_id)
    return found


@cache
def _of_words(count: int) -> CompoundSelect[Any]:
    """Which contents each of so many words is written of. Made once: to put it together takes longer than to run it."""
    photo = Photo.__table__.c  # columns, not entities, which take longer
    present = (photo.state == PhotoState.PRESENT, photo.content_id.is_not(None))
    parts = (
        select(literal_column(str(number), Integer).label("number"), photo.content_id)
        .where(*present, Written(photo.id, number=number))
        .limit(_COMMON + 1)
        .subquery()  # so that each has its own limit
        for number in range(count)
    )
    return union_all(*(select(part) for part in parts))


def _forms(word: str) -> Sequence[str]:
    """A word as it stands, and with or without the s of a plural."""
    if len(word) < 3 or not word.isascii() or not word.isalpha():
        return (word,)
    return (word, word[:-1] if word.endswith("s") else f"{word}s")


def more_relevant(relevances: Relevances, shares: Vectors) -> Relevances:
    """Relevances where what is written speaks beside what is seen: either may be right (noisy or)."""
    result: Relevances = (1 - (1 - relevances) * (1 - CERTAIN * shares)).astype(np.float32)
    return result
