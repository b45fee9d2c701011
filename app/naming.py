"""Understands taught names in a description: "Rex on the beach" as one vector.

A name is a direction in which its photos differ from the library's (linear discriminant analysis): what all photos of
the library vary in counts little. The description beside it is asked with the name replaced by the kind of thing that
it is ("a dog on the beach"), since an encoder cannot know who Rex is. Both count as many standard deviations as they
lie above photos at large. docs/decisions/2026-11-27-names.md has what was tried.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from sqlalchemy import select

from app.background import Background, spread_of
from app.likelihood import TEMPLATES, shipped_vectors
from app.vocabularies import DEFAULT_VOCABULARY, encoded_once, read_vocabularies, shipped
from indexer.catalog import Name, NameExample, Vector
from indexer.fulltext import tokens
from indexer.library import Library
from indexer.stored import STORED_DTYPE
from indexer.vectors.base import Vectors

SHRINKAGE = 0.3  # of the covariance towards that of unrelated dimensions
TEXT = 1.5  # how much the description counts beside the names in it
GROUPS = ("people", "animals", "plants", "food", "clothing", "vehicles", "objects", "places", "nature")  # have names
_HAN = "\u2e80-\u9fff\U00020000-\U0010ffff"  # each character is a word (`indexer.fulltext`)
_NAME = Name.__table__.c
_NAMES = select(_NAME.id, _NAME.name, _NAME.words)  # asked for each description
_WORD = re.compile(rf"[{_HAN}]|[^\W_{_HAN}](?:[^\W_{_HAN}]|[\u0300-\u036f])*")


@dataclass(frozen=True)
class Known:
    """A name that can be understood: as it is written, as its words are compared, and its photos' vectors (n, dim)."""

    name: str
    words: tuple[str, ...]
    examples: Vectors


@dataclass(frozen=True)
class Place:
    """Where a name stands in a text."""

    known: Known
    start: int
    end: int


class Naming:
    """Understands names in the descriptions of one library. Safe to use from several threads."""

    def __init__(self, library: Library, background: Background, encode: Callable[[str], Vectors]) -> None:
        """`encode` gives a description's vector (dim,)."""
        self._library = library
        self._background = background
        self._encode = encode
        self._whitening: tuple[Vectors, Whitening] | None = None

    def find(self, text: str) -> list[Place]:
        """The taught names in a text, as they stand there; of several that begin at one word, the longest."""
        words = set(tokens(text).split())
        with self._library.catalog.reading_columns() as connection:
            named = connection.execute(_NAMES).all()
        met = {id_: (name, said) for id_, name, said in named if words.issuperset(said.split())}
        return places(text, self._known(met)) if met else []

    def _known(self, names: Mapping[int, tuple[str, str]]) -> list[Known]:
        """Names by their ids as the encoder in use sees them; without those of whose photos it has no vector."""
        query = (
            select(NameExample.name_id, Vector.data)
            .join(Vector, Vector.content_id == NameExample.content_id)
            .where(NameExample.name_id.in_(names), Vector.encoder_id == self._library.encoder_id)
            .order_by(NameExample.content_id)
        )
        data: dict[int, list[bytes]] = {}
        with self._library.catalog.reading() as session:
            for name_id, vector in session.execute(query):
                data.setdefault(name_id, []).append(vector)
        return [
            Known(names[i][0], tuple(names[i][1].split()), np.stack([_vector(row) for row in rows]))
            for i, rows in data.items()
        ]

    def vector(self, text: str, found: Sequence[Place], searched: int) -> Vectors:
        """A text with names in it as one unit vector (dim,), for a library of so many photos."""
        sample = self._background.sample(searched)
        asked = self._with_kinds(text, found, sample)
        description = self._encode(asked)
        total = TEXT * description / spread_of(sample @ description).deviation
        whitening = self._whitened(sample)
        for known in {place.known.words: place.known for place in found}.values():
            direction = whitening.direction(known.examples)
            total = total + direction / spread_of(sample @ direction).deviation
        result: Vectors = (total / max(float(np.linalg.norm(total)), 1e-12)).astype(np.float32)
        return result

    def spelled_out(self, text: str, searched: int) -> str:
        """A text with each name in it replaced by what it is the name of: `a dog on the beach`."""
        found = self.find(text)
        return self._with_kinds(text, found, self._background.sample(searched)) if found else text

    def _with_kinds(self, text: str, found: Iterable[Place], sample: Vectors) -> str:
        """The text with each name replaced by what it is the name of."""
        kinds, vectors = self._kinds
        usual = sample.mean(axis=0)
        for place in sorted(found, key=lambda place: -place.start):
            kind = kinds[int(np.argmax(vectors @ (place.known.examples.mean(axis=0) - usual)))]
            text = f"{text[: place.start]}{kind}{text[place.end :]}"
        return text

    @cached_property
    def _kinds(self) -> tuple[list[str], Vectors]:
        """Everyday words for what may have a name, and their vectors (n, dim)."""
        return kinds(self._library)

    def _whitened(self, sample: Vectors) -> "Whitening":
        """The library's variation, computed once a sample of it."""
        kept = self._whitening
        if kept is None or kept[0] is not sample:
            self._whitening = kept = (sample, Whitening.of(sample))
        return kept[1]


@dataclass(frozen=True)
class Whitening:
    """How a library's vectors vary: their mean (dim,), and the inverse of their shrunken covariance (dim, dim)."""

    mean: Vectors
    inverse: Vectors

    @classmethod
    def of(cls, sample: Vectors, shrinkage: float = SHRINKAGE) -> "Whitening":
        """Of vectors (n, dim), n being at least 1."""
        mean = sample.mean(axis=0)
        centred = (sample - mean).astype(np.float64)
        covariance = centred.T @ centred / max(len(sample) - 1, 1)
        ridge = max(shrinkage * float(np.trace(covariance)) / len(mean), 1e-6)
        return cls(mean, np.linalg.inv(covariance + ridge * np.eye(len(mean))).astype(np.float32))

    def direction(self, examples: Vectors) -> Vectors:
        """The unit vector (dim,) along which examples (n, dim) stand out from the library."""
        direction = self.inverse @ (examples.mean(axis=0) - self.mean)
        result: Vectors = direction / max(float(np.linalg.norm(direction)), 1e-12)
        return result


def kinds(library: Library) -> tuple[list[str], Vectors]:
    """Everyday words for persons, animals and things, and their vectors (n, dim)."""
    broad, everyday = read_vocabularies(library)[DEFAULT_VOCABULARY], set(shipped())
    chosen = [i for i, tag in enumerate(broad) if tag.group in GROUPS and tag.text in everyday]
    words = [broad[i].text for i in chosen]
    made = shipped_vectors(library.encoder.fingerprint, broad)
    return words, made.vectors[chosen] if made else encoded_once(library, words, TEMPLATES)


def places(text: str, names: Iterable[Known]) -> list[Place]:
    """Where names stand in a text as whole words, in any case and with or without accents."""
    words = [(tokens(found[0]), found.start(), found.end()) for found in _WORD.finditer(text)]
    longest = sorted(names, key=lambda known: -len(known.words))
    found, at = [], 0
    while at < len(words):
        met = next((k for k in longest if tuple(word for word, *_ in words[at : at + len(k.words)]) == k.words), None)
        if met is not None:
            found.append(Place(met, words[at][1], words[at + len(met.words) - 1][2]))
        at += len(met.words) if met is not None else 1
    return found


def _vector(data: bytes) -> Vectors:
    return np.frombuffer(data, STORED_DTYPE).astype(np.float32)
