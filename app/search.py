"""Query -> photos, best first. The only place that ranks."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import numpy as np
from sqlalchemy import ColumnElement, and_, false, func, not_

from app.albums import AlbumDetails, find_album, held
from app.background import Background
from app.errors import QueryError
from app.filters import Filter, allowed_contents, says
from app.folding import Folding
from app.language import parse
from app.mentions import NONE, WEIGHT, Mentions, find_mentions, more_relevant
from app.naming import Naming
from app.photos import (
    PhotoDetails,
    encode_outside,
    newest_contents,
    photos_of_contents,
    stored_vectors,
    written_contents,
)
from app.query import Part, Query
from app.ranking import DEFAULT_RANKING, Candidates, Ranking, diversify, towards
from app.relevance import Relevance, Relevances
from indexer.catalog import Content
from indexer.follow import follow
from indexer.formats import is_video
from indexer.frames import Moments
from indexer.library import Library
from indexer.together import Together
from indexer.vectors.base import Ids, Vectors

MAX_RESULTS = 2_000
_POOL = 500  # candidates, at least, that are judged; further ones follow in the order of their scores
_TEXTS_AT_ONCE = 12  # in one call of the encoder: more would keep the first of them waiting
_PATIENCE = 0.006  # seconds a call waits for more texts where several came together before
_TEXTS_KEPT = 1_000  # vectors of texts asked last
_SHOWS = 2.0  # standard deviations above the middle from which on a photo is taken to show what it should not

Conditions = list[ColumnElement[bool]]


@dataclass(frozen=True)
class Hit:
    """A photo, its cosine to the query (None where nothing is described and filters alone chose), and its relevance."""

    photo: PhotoDetails
    score: float | None
    relevance: float
    time_s: float | None = None  # of a video, where it shows that best
    alike: tuple[int, ...] = ()  # ids of photos that answer too and show the same


@dataclass(frozen=True)
class Results:
    """What was found.

    Attributes:
        hits: best first; those that match come before those that do not.
        matches: how many photos match, counted among the best few hundred.
        searched: how many photos the library has.
        took_ms: how long it took, in milliseconds.
        names: names that their owner taught and that the query was understood to have.
    """

    hits: list[Hit]
    matches: int
    searched: int
    took_ms: float
    names: tuple[str, ...] = ()

    @property
    def matches_end(self) -> int | None:
        """How many of the hits match, where others follow; None where matches do not end within the hits."""
        return self.matches if self.matches < len(self.hits) else None


@dataclass(frozen=True)
class Ranked:
    """Contents in order.

    Attributes:
        judged: each with its score and its relevance.
        matches: how many of them match.
        searched: how many photos the library has.
        names: names that were understood.
        vector: what was looked for (dim,); None for nothing.
        folded: contents that show the same as one of these, by that one, best first.
    """

    judged: list[tuple[int, float | None, float]]
    matches: int
    searched: int
    names: tuple[str, ...] = ()
    vector: Vectors | None = None
    folded: Mapping[int, Sequence[int]] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many contents that is, with those that are folded."""
        return len(self.judged) + sum(map(len, self.folded.values()))


@dataclass(frozen=True)
class Asked:
    """What is looked for.

    Attributes:
        vector: its parts' weighted mean, unit length (dim,).
        contents: those it was asked with.
        names: names that were understood in it.
        of_words: whether it is of words that the encoder knows, and of no pictures.
    """

    vector: Vectors
    contents: list[int]
    names: tuple[str, ...]
    of_words: bool


class Search:
    """Answers queries over one library, as its catalog stands at that moment."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._index = follow(library)
        self._background = Background(library)
        self._relevance = Relevance(library)
        self._texts = Together(self._encode, _TEXTS_AT_ONCE, _PATIENCE)
        self._text = lru_cache(_TEXTS_KEPT)(self._texts)  # a page, a filter or a sort asks the same again
        self._folding = Folding(library)
        self._naming = Naming(library, self._background, self._text)

    def warm_up(self) -> int:
        """Loads the text tower and the vectors; gives back how many photos are searchable."""
        self._relevance.warm_up()
        self._index.search(self._text("a photo"), 1)
        return self._index.catch_up()

    def _encode(self, texts: Sequence[str]) -> list[Vectors]:
        """Texts of several queries in one call of the encoder."""
        return list(self._library.encoder.encode_texts(texts))

    @property
    def batches(self) -> dict[int, int]:
        """How many calls of the encoder answered so many queries."""
        return dict(self._texts.batches)

    @property
    def index_kind(self) -> str:
        """How vectors are searched: exact, rabitq, ivf, gpu or qdrant."""
        return self._index.kind

    def catch_up(self) -> int:
        """Takes over what changed in the library; gives back how many photos are searchable."""
        return self._index.catch_up()

    def settle(self) -> int:
        """Brings the index up to date, its snapshot on disk too; gives back how many photos are searchable."""
        return self._index.settle()

    def __call__(self, query: Query, k: int = 20, ranking: Ranking = DEFAULT_RANKING) -> Results:
        """The k best photos for a query, fewer only where fewer meet its filters. Photos in the query are left out.

        Without anything to look for, those that meet the filters: newest first, or, where words are quoted, those first
        of which they are most of what is written.

        Raises:
            NotFoundError: a photo in the query is not in the library.
            PhotoError: a picture in the query cannot be read.
        """
        start = time.perf_counter()
        k = max(1, min(k, MAX_RESULTS))
        ranked = self.rank(query, ranking, k)
        hits = self.hits(ranked, 0, k)[0]
        return Results(hits, ranked.matches, ranked.searched, (time.perf_counter() - start) * 1000, ranked.names)

    def rank(
        self,
        query: Query,
        ranking: Ranking = DEFAULT_RANKING,
        count: int = 0,
        opened: frozenset[int] = frozenset(),
    ) -> Ranked:
        """The contents that answer a query, in order: at least `count` where so many may. Raises as a call does.

        `opened` are the live albums of which this query is a part.
        """
        conditions = self._conditions(query, opened)
        searched = self._index.catch_up()
        if query.parts or query.minus or ranking.like:
            asked = self._asked(query.parts or query.minus, searched)
            matching, rest = self._ranked(query, asked, count, searched, ranking, conditions)
            vector = asked.vector if query.parts else None
            judged = [*matching.judged(), *rest.judged()]
            ranked = self._folded(Ranked(judged, len(matching.ids), searched, asked.names, vector), ranking)
            if len(ranked.judged) < count <= ranked.count < MAX_RESULTS:  # so many are alike that others have room
                return self.rank(query, ranking, MAX_RESULTS, opened)
            return ranked
        allowed, exact = allowed_contents(*conditions), query.exact if ranking.sort == "relevance" else ()
        found = written_contents(self._library, MAX_RESULTS, allowed, exact) if exact else ()
        found = found or newest_contents(self._library, MAX_RESULTS, allowed)
        return self._folded(Ranked([(content_id, None, 1.0) for content_id in found], len(found), searched), ranking)

    def any_meets(self, query: Query) -> bool:
        """Whether any photo meets the conditions of a query, whatever it looks for."""
        return bool(newest_contents(self._library, 1, allowed_contents(*self._conditions(query, frozenset()))))

    def further(self, query: Query, ranking: Ranking, ranked: Ranked) -> Ranked:
        """A ranking with all that may follow, behind what it has. Raises as a call does."""
        known = {content_id for content_id, *_ in ranked.judged}
        everything = self.rank(query, replace(ranking, fold=False), MAX_RESULTS).judged
        judged = [*ranked.judged, *(item for item in everything if item[0] not in known)]
        return replace(self._folded(replace(ranked, judged=judged), ranking), matches=ranked.matches)

    def _folded(self, ranked: Ranked, ranking: Ranking) -> Ranked:
        if not ranking.fold:
            return ranked
        judged, folded, matches = self._folding(ranked.judged, ranked.matches)
        return replace(ranked, judged=judged, folded=folded, matches=matches)

    def hits(self, ranked: Ranked, start: int, k: int) -> tuple[list[Hit], int]:
        """The next k of a ranking from `start` on whose photos are still there, and where the ones after them start."""
        hits: list[Hit] = []
        while len(hits) < k and start < len(ranked.judged):
            some = ranked.judged[start : start + k - len(hits)]
            groups = [(i, *ranked.folded.get(i, ())) for i, _, _ in some]
            photos = photos_of_contents(self._library, [i for group in groups for i in group])
            times = self._moments(photos, ranked.vector)
            for group, (_, score, value) in zip(groups, some, strict=True):
                if there := [i for i in group if i in photos]:
                    alike = tuple(photos[i].id for i in there[1:])
                    hits.append(Hit(photos[there[0]], score, value, times.get(there[0]), alike))
            start += len(some)
        return hits, start

    def moment(self, query: Query, photo: PhotoDetails) -> float | None:
        """When a video shows best what a query looks for, in seconds; None of a photo. Raises as a call does."""
        if not query.parts or not is_video(photo.path):
            return None
        asked = self._asked(query.parts, self._index.catch_up())
        return self._moments({photo.content_id: photo}, asked.vector).get(photo.content_id)

    def _moments(self, photos: Mapping[int, PhotoDetails], vector: Vectors | None) -> dict[int, float]:
        """When those photos that are videos show best what is looked for, in seconds."""
        videos = [content_id for content_id, photo in photos.items() if is_video(photo.path)]
        return Moments(self._library, videos).best(vector) if videos and vector is not None else {}

    def _ranked(
        self, query: Query, asked: Asked, k: int, searched: int, ranking: Ranking, conditions: Conditions
    ) -> tuple[Candidates, Candidates]:
        """What matches and what does not, each in the order that was asked for."""
        candidates = self._candidates(query, asked, max(_POOL, k), searched, ranking, conditions)
        if ranking.min_relevance:
            candidates, _ = candidates.split(ranking.min_relevance)
        words = asked.of_words and not ranking.moves
        matching, rest = candidates.split(self._relevance.cut(words))
        if words and query.parts:
            # by the score, what scores high for every text would come first where nothing matches
            rest = rest.take(np.argsort(-self._relevance.above(rest.worth, rest.vectors), kind="stable"))
        if ranking.diverse:
            matching = diversify(matching)
        if ranking.sort == "date":
            photos = photos_of_contents(self._library, matching.ids.tolist())
            taken = [photos[i].taken_at if i in photos else None for i in matching.ids.tolist()]
            order = sorted(range(len(taken)), key=lambda i: taken[i] or datetime.min, reverse=True)
            return matching.take(np.array(order, np.int64)), rest.take(np.empty(0, np.int64))
        return matching, rest

    def _candidates(
        self, query: Query, asked: Asked, count: int, searched: int, ranking: Ranking, conditions: Conditions
    ) -> Candidates:
        """The contents that score highest or are written of, best first, each judged."""
        vector, left_out = self._moved(asked.vector, ranking, searched)
        sign = 1 if query.parts or ranking.like else -1  # or nothing is wanted but that something is not there
        mentions = find_mentions(self._library, query.words, photos=searched) if sign > 0 else NONE
        words = bool(query.parts) and asked.of_words and not ranking.moves  # then words at large are the yardstick
        aim = self._relevance.aim(vector) if words else sign * vector
        ids, vectors = self._found(aim, count, conditions, mentions, [*asked.contents, *left_out])
        scores = vectors @ vector
        relevances = np.ones(len(ids), np.float32)
        worth = sign * scores
        if sign > 0:
            relevances = self._judged(words, vector, scores, vectors, searched)
        if len(mentions.ids):
            shares = mentions.of(ids)
            relevances = more_relevant(relevances, shares)
            worth += WEIGHT * self._background.spread(vector, searched).deviation * shares
        for part in query.minus:
            against, penalty = self._against(part, vectors, searched)
            relevances *= (1 - against) ** part.weight
            worth -= part.weight * penalty
        later = (np.arange(len(ids)) >= _POOL) & ~np.isin(ids, mentions.ids)  # so that a longer answer begins alike
        return Candidates(ids, scores, worth, relevances, vectors).take(np.lexsort((-worth, later)))

    def _found(
        self, vector: Vectors, count: int, conditions: Conditions, mentions: Mentions, hidden: Sequence[int]
    ) -> tuple[Ids, Vectors]:
        """Ids and vectors of the contents that score highest, then of others that are written of; no hidden ones."""
        allowed = self._allowed(conditions)
        _, ids = self._index.search(vector, count + len(hidden), allowed)
        ids = np.concatenate([ids, mentions.beside(ids, allowed)])
        return self._index.vectors(ids[~np.isin(ids, hidden)])

    def _judged(self, words: bool, vector: Vectors, scores: Vectors, vectors: Vectors, searched: int) -> Relevances:
        """The relevance of scores of a query's vector (dim,) on contents (n, dim)."""
        if words:
            return self._relevance.of_text(scores, vectors)
        return self._relevance.of_photo(scores, self._background.spread(vector, searched))

    def _against(self, part: Part, vectors: Vectors, searched: int) -> tuple[Relevances, Vectors]:
        """What counts against contents (n, dim): how relevant each is to what is not wanted, and a penalty (n,).

        The penalty is by how much the content scores higher for it than one without it would. Subtracting the part's
        vector from the query's would move the ranking of all photos, also of those that do not show it, towards
        whatever is least like it. Here nothing changes for them.
        """
        asked = self._asked([part], searched)
        scores = vectors @ asked.vector
        spread = self._background.spread(asked.vector, searched)
        penalty = np.maximum(scores - (spread.middle + _SHOWS * spread.deviation), 0)
        return self._judged(asked.of_words, asked.vector, scores, vectors, searched), penalty

    def _moved(self, vector: Vectors, ranking: Ranking, searched: int) -> tuple[Vectors, list[int]]:
        """The query's vector after feedback, and the contents that were said to be wrong."""
        if not ranking.moves:
            return vector, []
        none = np.empty((0, self._library.encoder.dim), np.float32)
        liked = stored_vectors(self._library, ranking.like)[1] if ranking.like else none
        wrong, disliked = stored_vectors(self._library, ranking.dislike) if ranking.dislike else ([], none)
        return towards(vector, liked, disliked, self._background.sample(searched).mean(axis=0)), wrong

    def _allowed(self, conditions: Conditions) -> Sequence[int] | None:
        """The contents that may be found; None when all may."""
        if not conditions:
            return None
        with self._library.catalog.reading() as session:
            return session.scalars(allowed_contents(*conditions)).all()

    def spelled_out(self, query: Query) -> Query:
        """A query with the names in its words replaced by what they are the names of."""
        searched = self._index.catch_up()

        def spelled(part: Part) -> Part:
            return replace(part, of=self._naming.spelled_out(part.of, searched)) if isinstance(part.of, str) else part

        text = self._naming.spelled_out(query.text, searched) if query.text else ""
        return replace(query, text=text, weighted=tuple(map(spelled, query.weighted)))

    def _asked(self, parts: Sequence[Part], searched: int) -> Asked:
        """Parts as one unit vector, their weighted mean. A text is asked as it is written."""
        contents: list[int] = []
        names: list[str] = []
        total = np.zeros(self._library.encoder.dim, np.float32)
        for part in parts:
            match part.of:
                case str(text) if found := self._naming.find(text):
                    vector = self._naming.vector(text, found, searched)
                    names += [place.known.name for place in found]
                case str(text):
                    vector = self._text(text)
                case bytes() | Path() as picture:
                    vector = encode_outside(self._library, picture)
                case photo_id:
                    known, vectors = stored_vectors(self._library, [photo_id])
                    contents, vector = contents + known, vectors[0]
            total += part.weight * vector
        unit = total / max(float(np.linalg.norm(total)), 1e-12)
        of_words = not names and all(isinstance(part.of, str) for part in parts)
        return Asked(unit, contents, tuple(dict.fromkeys(names)), of_words)

    def _conditions(self, query: Query, opened: frozenset[int]) -> Conditions:
        """What a photo must be, and what must be written of it."""
        said = [says(words) for words in query.exact] + [not_(says(words)) for words in query.without]
        return [self._condition(f, opened) for f in query.filters] + said

    def _condition(self, f: Filter, opened: frozenset[int]) -> ColumnElement[bool]:
        if f.name != "album":
            return f.condition()
        held = self._held(find_album(self._library, f.value), opened)
        return not_(func.coalesce(held, false())) if f.negated else held

    def _held(self, album: AlbumDetails, opened: frozenset[int]) -> ColumnElement[bool]:
        """Whether a photo is in an album; a live one holds what matches its search."""
        if album.query is None:
            return held(album.id)
        if album.id in opened:
            raise QueryError(f"the album {album.name!r} holds itself")
        query, opened = parse(album.query), opened | {album.id}
        if not (query.parts or query.minus):
            return and_(*self._conditions(query, opened))
        ranked = self.rank(query, count=MAX_RESULTS, opened=opened)
        return Content.id.in_([content_id for content_id, _, _ in ranked.judged[: ranked.matches]])
