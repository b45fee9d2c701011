"""Image -> text: which captions, or which tags of a vocabulary, say what is in a photo.

Of captions that were offered one is taken to be right, so their probabilities share 1 (zero-shot classification). Each
tag of a vocabulary holds or does not, by itself (`app.likelihood`). Kinds stand below what they are kinds of: that a
photo shows a dog is as probable as that it shows a dog or any of the dogs below, taken together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from sqlalchemy import func, select

from app.errors import NotFoundError, QueryError
from app.kinds import families, together
from app.likelihood import Encoded, Likelihood
from app.vocabularies import DEFAULT_VOCABULARY, Tag, read_lines, read_own, read_vocabularies
from clipcore.zeroshot import probabilities
from indexer.catalog import Photo, PhotoMetadata, PhotoState
from indexer.library import Library
from indexer.stored import content_vectors
from indexer.vectors.base import Vectors

MAX_CAPTIONS = 10_000
NEIGHBOURS = 100  # photos with captions, nearest to the one described
KINDS = 3  # shown below a tag


@dataclass(frozen=True)
class Description:
    """A text, how probable it is, and its cosine to the photo.

    Attributes:
        probability: of a tag, that it holds; of a caption, that it is the one among those offered.
        group: of a tag: animals, moods ...
        kinds: likelier ones first, none likelier than this.
    """

    text: str
    probability: float
    score: float
    group: str = ""
    kinds: tuple["Description", ...] = ()


class Describe:
    """Describes photos over one library. A vocabulary is encoded once and kept on disk."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self.likelihood = Likelihood(library)
        self._encoded: dict[tuple[Tag, ...], Encoded] = {}

    @cached_property
    def vocabularies(self) -> dict[str, tuple[Tag, ...]]:
        """Tags by vocabulary."""
        return read_vocabularies(self._library)

    def by_vocabulary(self, photo: Vectors, name: str = DEFAULT_VOCABULARY, k: int = 10) -> list[Description]:
        """The k likeliest tags of a vocabulary for a photo's vector (dim,), likeliest first, their kinds below them.

        Raises:
            NotFoundError: no such vocabulary.
        """
        return self.by_tags(photo, self.tags_of(name), k)

    def tags_of(self, name: str) -> tuple[Tag, ...]:
        """The tags of a vocabulary.

        Raises:
            NotFoundError: there is none of this name.
        """
        tags = self.vocabularies.get(name)
        if tags is None:
            raise NotFoundError(f"no vocabulary {name!r}: expected one of {', '.join(self.vocabularies)}")
        return tags

    def tags_at(self, name: str) -> tuple[Tag, ...]:
        """The tags of a vocabulary, or else of a file, or of all files in a folder.

        Raises:
            NotFoundError: there is nothing of this name.
            QueryError: it is no list of tags.
        """
        own = name not in self.vocabularies and Path(name).exists()
        return read_own(Path(name)) if own else self.tags_of(name)

    def by_tags(self, photo: Vectors, tags: tuple[Tag, ...], k: int = 10) -> list[Description]:
        """As `by_vocabulary`, of these tags."""
        encoded = self.encoded(tags)
        likely = self.likelihood.probabilities(encoded, photo[None])[0]
        scores = encoded.vectors @ photo
        below = families(tags)
        whole = dict(zip(below, together(likely[None], below)[0].tolist(), strict=True))
        best = sorted(whole, key=lambda i: (-whole[i], -scores[i]))[:k]
        return [
            Description(tags[i].text, whole[i], float(scores[i]), tags[i].group, _kinds(tags, below[i], likely, scores))
            for i in best
        ]

    def encoded(self, tags: tuple[Tag, ...]) -> Encoded:
        """Tags with their vectors."""
        if tags not in self._encoded:
            is_broad = tags == self.vocabularies[DEFAULT_VOCABULARY]
            self._encoded[tags] = self.likelihood.broad if is_broad else self.likelihood.encoded(tags)
        return self._encoded[tags]

    def by_captions(self, photo: Vectors, captions: Sequence[str], k: int = 10) -> list[Description]:
        """The k likeliest of the captions given, likeliest first.

        Raises:
            QueryError: there are none, or too many.
        """
        captions = read_lines("\n".join(captions))
        if not captions or len(captions) > MAX_CAPTIONS:
            raise QueryError(f"expected 1 to {MAX_CAPTIONS:,} captions, one a line; got {len(captions):,}")
        vectors = self._library.encoder.encode_texts(captions)
        scores = vectors @ photo
        (likely,) = probabilities(photo[None], vectors, self._library.encoder.logit_scale)
        best = np.argsort(-scores, kind="stable")[:k]
        return [Description(captions[i], float(likely[i]), float(scores[i])) for i in best]

    def by_library(self, photo: Vectors, k: int = 10) -> list[Description]:
        """The k likeliest of the captions that the photos nearest to this one have in the library.

        Raises:
            NotFoundError: no photo has a caption.
        """
        captions = self._captions()
        ids, vectors, _ = content_vectors(self._library, np.array(sorted(captions), np.int64))
        if not len(ids):
            raise NotFoundError("no photo of the library has a caption: none to choose among")
        nearest = ids[np.argsort(-(vectors @ photo), kind="stable")[:NEIGHBOURS]]
        return self.by_captions(photo, [" ".join(captions[i].split()) for i in nearest.tolist()], k)

    def _captions(self) -> dict[int, str]:
        """A caption of each content that has one, by content id."""
        query = (
            select(Photo.content_id, func.min(PhotoMetadata.caption))
            .join(PhotoMetadata, PhotoMetadata.photo_id == Photo.id)
            .where(Photo.state == PhotoState.PRESENT, PhotoMetadata.caption.is_not(None), Photo.content_id.is_not(None))
            .group_by(Photo.content_id)
        )
        with self._library.catalog.reading() as session:
            return {i: caption for i, caption in session.execute(query) if i is not None and caption is not None}


def _kinds(tags: Sequence[Tag], places: Sequence[int], likely: Vectors, scores: Vectors) -> tuple[Description, ...]:
    best = sorted(places, key=lambda i: -likely[i])[:KINDS]
    return tuple(Description(tags[i].text, float(likely[i]), float(scores[i]), tags[i].group) for i in best)
