"""What is asked on the search page, and the page's address, which holds all of it: reload it, keep it, share it.

A picture that was dropped in is the one part that no address can hold.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from app.errors import QueryError
from app.language import parse
from app.query import Query
from app.ranking import Ranking

UNCHANGED = Ranking(fold=True)  # people look for a moment; a program that asks the API, for files


@dataclass(frozen=True)
class Question:
    """A line of the query language, a picture, and in which order the answers are wanted."""

    text: str = ""
    ranking: Ranking = UNCHANGED
    picture: bytes | None = None

    @classmethod
    def of_address(cls, parameters: Mapping[str, str]) -> "Question":
        """Reads an address. What it does not understand is as if it were not there: anyone may have written it."""
        ranking = Ranking(
            min_relevance=_share(parameters.get("min", "")),
            sort="date" if parameters.get("sort") == "date" else "relevance",
            diverse="diverse" in parameters,
            like=_ids(parameters.get("like", "")),
            dislike=_ids(parameters.get("dislike", "")),
            fold=parameters.get("fold") != "0",
        )
        return cls(parameters.get("q", ""), ranking)

    def address(self) -> dict[str, str]:
        """The parameters that `of_address` reads; those that say nothing are left out."""
        ranking = self.ranking
        parameters = {
            "q": self.text,
            "sort": "" if ranking.sort == "relevance" else ranking.sort,
            "diverse": "1" if ranking.diverse else "",
            "fold": "" if ranking.fold else "0",
            "min": f"{ranking.min_relevance:g}" if ranking.min_relevance else "",
            "like": ",".join(map(str, ranking.like)),
            "dislike": ",".join(map(str, ranking.dislike)),
        }
        return {name: value for name, value in parameters.items() if value}

    def written(self) -> Query | None:
        """What the line alone asks; None for an empty one.

        Raises:
            QueryError: it is not in the language.
        """
        return parse(self.text) if self.text.strip() else None

    def query(self) -> Query | None:
        """What to search for; None for nothing.

        Raises:
            QueryError: the line is not in the language.
        """
        written = self.written()
        if self.picture is None:
            return written
        return replace(written, images=(self.picture,)) if written else Query(images=(self.picture,))

    def said(self, photo_id: int, right: bool) -> "Question":
        """The question after someone said that a photo is right, or wrong; saying the same again takes it back."""
        ranking = self.ranking
        said, other = (ranking.like, ranking.dislike) if right else (ranking.dislike, ranking.like)
        said = tuple(i for i in said if i != photo_id) if photo_id in said else (*said, photo_id)
        other = tuple(i for i in other if i != photo_id)
        like, dislike = (said, other) if right else (other, said)
        return replace(self, ranking=replace(ranking, like=like, dislike=dislike))


def similar_to(photo_id: int) -> Question:
    """The question for photos like one of the library."""
    return Question(str(Query(photos=(photo_id,))))


def _share(text: str) -> float:
    try:
        value = float(text or 0)
    except ValueError:
        return 0.0
    return min(max(value, 0.0), 1.0) if math.isfinite(value) else 0.0


def _ids(text: str) -> tuple[int, ...]:
    found = [part for part in text.split(",") if part.isascii() and part.isdecimal() and len(part) < 10]
    return tuple(dict.fromkeys(map(int, found)))[:100]


def photos_asked_with(query: Query) -> list[int]:
    """The photos of the library that a query should be like, however they were written."""
    return [part.of for part in query.parts if isinstance(part.of, int)]


def without_photo(question: Question, photo_id: int) -> Question:
    """The question without a photo of the library that it asks with."""
    query = question.query()
    if query is None:
        return question
    photos = tuple(i for i in query.photos if i != photo_id)
    weighted = tuple(part for part in query.weighted if part.of != photo_id)
    return with_query(question, {"photos": photos, "weighted": weighted, "images": ()})


def with_query(question: Question, changes: Mapping[str, object]) -> Question:
    """The question with some attributes of its `Query` changed; the line is written anew, the picture stays."""
    old = question.written()
    fields = {name: getattr(old, name) for name in Query.__dataclass_fields__} if old else {}
    try:
        text = str(Query(**{**fields, **changes}))
    except QueryError:  # nothing is left of it
        text = ""
    return replace(question, text=text)
