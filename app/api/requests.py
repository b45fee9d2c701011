"""What the API is asked, as JSON, and how it becomes a `Query`."""

from dataclasses import replace
from typing import Annotated, Self

from pydantic import Base64Bytes, BaseModel, ConfigDict, Field, model_validator

from app.errors import QueryError
from app.language import parse
from app.query import MAX_PARTS, MAX_TEXT, MAX_WEIGHT, Part, Query
from app.ranking import Ranking, Sort
from app.search import MAX_RESULTS
from app.vocabularies import DEFAULT_VOCABULARY

LARGEST_ID = 2**31 - 1

Id = Annotated[int, Field(ge=1, le=LARGEST_ID)]
Weight = Annotated[float, Field(gt=0, le=MAX_WEIGHT)]
Words = Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]


class Strict(BaseModel):
    """A request body: an unknown key is an error, not silence."""

    model_config = ConfigDict(extra="forbid")


class WeightsIn(Strict):
    """How much each part of the query counts; 1 where nothing is said."""

    text: Weight = 1
    photos: list[Weight] = Field(
        default=[], max_length=MAX_PARTS, description="one for each of the query's photos, in order"
    )
    image: Weight = 1


class QueryIn(Strict):
    """What to search for; several parts are averaged by their weights."""

    text: str = Field(
        default="",
        max_length=MAX_TEXT,
        description="in the query language",
        examples=["a dog on the beach -people date:2019"],
    )
    photos: list[Id] = Field(default=[], max_length=MAX_PARTS, description="ids of photos in the library")
    image: Base64Bytes | None = Field(default=None, description="a picture file, base64")
    weights: WeightsIn = WeightsIn()
    minus: list[Words] = Field(
        default=[], max_length=MAX_PARTS, description="what should not be in it, as -(words) in text"
    )

    def query(self) -> Query:
        """All of it as one query.

        Raises:
            QueryError: the text is not in the language, or there is nothing in any of it.
        """
        written = parse(self.text) if self.text.strip() else None
        weights = [*self.weights.photos, *[1.0] * len(self.photos)]
        parts = [Part(photo, weight) for photo, weight in zip(self.photos, weights, strict=False)]
        if self.image is not None:
            parts.append(Part(self.image, self.weights.image))
        minus = tuple(Part(words) for words in self.minus)
        if written is None:
            return Query(weighted=tuple(parts), minus=minus)
        if written.text:
            parts.append(Part(written.text, self.weights.text))
        return replace(written, text="", weighted=(*parts, *written.weighted), minus=(*written.minus, *minus))


class SearchIn(Strict):
    query: QueryIn = QueryIn()
    filter: str = Field(
        default="", max_length=MAX_TEXT, description="filters in the query language", examples=["date:2019"]
    )
    k: Annotated[int, Field(ge=1, le=MAX_RESULTS)] = 20
    cursor: Annotated[str | None, Field(max_length=100, description="next_cursor of the page before this one")] = None
    min_relevance: Annotated[float, Field(ge=0, le=1, description="what is less relevant is left out")] = 0
    sort: Annotated[Sort, Field(description="date: what matches alone, newest first")] = "relevance"
    diverse: Annotated[bool, Field(description="photos unlike those before them come sooner")] = False
    like: list[Id] = Field(default=[], max_length=MAX_PARTS, description="photos that are right: find more like them")
    dislike: list[Id] = Field(default=[], max_length=MAX_PARTS, description="photos that are wrong: fewer like them")

    def ranking(self) -> Ranking:
        """In which order the answers are wanted."""
        return Ranking(self.min_relevance, self.sort, self.diverse, tuple(self.like), tuple(self.dislike))

    def asked(self) -> Query:
        """The query within the filter.

        Raises:
            QueryError: one of them is not in the language, or the filter is more than filters.
        """
        if not self.filter.strip():
            return self.query.query()
        within = parse(self.filter)
        if within.parts or within.minus:
            raise QueryError("filter: expected filters and quoted words alone, such as date:2019")
        if self.query == QueryIn():
            return within
        query = self.query.query()
        return replace(
            query,
            exact=query.exact + within.exact,
            without=query.without + within.without,
            filters=query.filters + within.filters,
        )


class DescribeIn(Strict):
    """A photo of the library or a picture; captions to choose from, or a vocabulary's name."""

    photo: Id | None = Field(default=None, description="id of a photo in the library")
    image: Base64Bytes | None = Field(default=None, description="a picture file, base64")
    captions: list[str] | None = Field(default=None, examples=[["a cat", "a dog"]])
    vocabulary: str = DEFAULT_VOCABULARY
    k: Annotated[int, Field(ge=1, le=100)] = 10

    @model_validator(mode="after")
    def _one_picture(self) -> Self:
        if (self.photo is None) == (self.image is None):
            raise ValueError("give either photo or image")
        return self
