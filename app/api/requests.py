"""What the API is asked, as JSON, and how it becomes a `Query`."""

from dataclasses import replace
from typing import Annotated, Self

from pydantic import Base64Bytes, BaseModel, ConfigDict, Field, model_validator

from app.errors import QueryError
from app.fetch import FetchLimits, fetch
from app.language import parse
from app.query import MAX_PARTS, MAX_TEXT, MAX_WEIGHT, Part, Query
from app.ranking import Ranking, Sort
from app.search import MAX_RESULTS
from app.vocabularies import DEFAULT_VOCABULARY
from indexer.settings import Settings

LARGEST_ID = 2**31 - 1
MOST_PARTS = 20  # each may hold a picture

Id = Annotated[int, Field(ge=1, le=LARGEST_ID, strict=True)]
Weight = Annotated[float, Field(gt=0, le=MAX_WEIGHT, strict=True)]
Words = Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]


class Strict(BaseModel):
    """A request body: an unknown key is an error, not silence."""

    model_config = ConfigDict(extra="forbid")


class WithPicture(Strict):
    """What may hold a picture, as bytes or by its URL."""

    image: Base64Bytes | None = Field(default=None, description="a picture file, base64")
    image_url: str | None = Field(
        default=None, max_length=2_000, description="http(s) URL of a picture, where the setting fetch_urls is on"
    )

    def picture(self, settings: Settings) -> bytes | None:
        """The picture's bytes; None where there is none.

        Raises:
            QueryError: its URL may not be fetched, or cannot be.
        """
        if self.image_url is None:
            return self.image
        if self.image is not None:
            raise QueryError("image_url: expected either image or image_url")
        if not settings.fetch_urls:
            raise QueryError("image_url: pictures are not fetched here; switch the setting fetch_urls on")
        return fetch(self.image_url, FetchLimits(size=settings.max_upload_bytes))


class WeightsIn(Strict):
    """How much each part of the query counts; 1 where nothing is said."""

    text: Weight = 1
    photos: list[Weight] = Field(
        default=[], max_length=MAX_PARTS, description="one for each of the query's photos, in order"
    )
    image: Weight = 1


class PartIn(WithPicture):
    """A thing to look for, or that is not wanted, and how much: words, a photo of the library, or a picture."""

    text: Words | None = Field(default=None, description="a description, taken as it is", examples=["a red ball"])
    photo: Id | None = Field(default=None, description="id of a photo in the library")
    weight: float = Field(
        default=1, ge=-MAX_WEIGHT, le=MAX_WEIGHT, strict=True, description="not 0; below 0: rather not like this"
    )

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        if [self.text, self.photo, self.image, self.image_url].count(None) != 3:
            raise ValueError("give one of text, photo, image and image_url")
        return self

    def part(self, settings: Settings) -> Part:
        """It as a part of a query, with its weight above 0.

        Raises:
            QueryError: there are no words in it, or its picture cannot be fetched.
        """
        picture = self.picture(settings)
        return Part(next(one for one in (picture, self.photo, self.text) if one is not None), abs(self.weight))


class QueryIn(WithPicture):
    """What to search for; several parts are averaged by their weights."""

    text: str = Field(
        default="",
        max_length=MAX_TEXT,
        description="in the query language",
        examples=["a dog on the beach -people date:2019"],
    )
    photos: list[Id] = Field(default=[], max_length=MAX_PARTS, description="ids of photos in the library")
    weights: WeightsIn = WeightsIn()
    parts: list[PartIn] = Field(
        default=[],
        max_length=MOST_PARTS,
        description="further things to look for, or that are not wanted, each with its weight",
    )
    minus: list[Words] = Field(
        default=[], max_length=MAX_PARTS, description="what should not be in it, as -(words) in text"
    )

    def query(self, settings: Settings) -> Query:
        """All of it as one query.

        Raises:
            QueryError: the text is not in the language, or there is nothing in any of it.
        """
        written = parse(self.text) if self.text.strip() else None
        weights = [*self.weights.photos, *[1.0] * len(self.photos)]
        parts = [Part(photo, weight) for photo, weight in zip(self.photos, weights, strict=False)]
        if (picture := self.picture(settings)) is not None:
            parts.append(Part(picture, self.weights.image))
        parts += [part.part(settings) for part in self.parts if part.weight >= 0]
        minus = (*map(Part, self.minus), *(part.part(settings) for part in self.parts if part.weight < 0))
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
    k: Annotated[int, Field(ge=1, le=MAX_RESULTS, strict=True)] = 20
    cursor: Annotated[str | None, Field(max_length=100, description="next_cursor of the page before this one")] = None
    min_relevance: Annotated[float, Field(ge=0, le=1, strict=True, description="what is less relevant is left out")] = 0
    sort: Annotated[Sort, Field(description="date: what matches alone, newest first")] = "relevance"
    diverse: Annotated[bool, Field(strict=True, description="photos unlike those before them come sooner")] = False
    like: list[Id] = Field(default=[], max_length=MAX_PARTS, description="photos that are right: find more like them")
    dislike: list[Id] = Field(default=[], max_length=MAX_PARTS, description="photos that are wrong: fewer like them")
    fold: Annotated[bool, Field(strict=True, description="copies and bursts are one item, with `alike`")] = False

    def ranking(self) -> Ranking:
        """In which order the answers are wanted."""
        return Ranking(self.min_relevance, self.sort, self.diverse, tuple(self.like), tuple(self.dislike), self.fold)

    def asked(self, settings: Settings) -> Query:
        """The query within the filter.

        Raises:
            QueryError: one of them is not in the language, or the filter is more than filters.
        """
        if not self.filter.strip():
            return self.query.query(settings)
        within = parse(self.filter)
        if within.parts or within.minus:
            raise QueryError("filter: expected filters and quoted words alone, such as date:2019")
        if self.query == QueryIn():
            return within
        query = self.query.query(settings)
        return replace(
            query,
            exact=query.exact + within.exact,
            without=query.without + within.without,
            filters=query.filters + within.filters,
        )


class DescribeIn(WithPicture):
    """A photo of the library or a picture; captions to choose from, or a vocabulary's name."""

    photo: Id | None = Field(default=None, description="id of a photo in the library")
    captions: list[str] | None = Field(default=None, examples=[["a cat", "a dog"]])
    vocabulary: str = DEFAULT_VOCABULARY
    k: Annotated[int, Field(ge=1, le=100, strict=True)] = 10

    @model_validator(mode="after")
    def _one_picture(self) -> Self:
        if [self.photo, self.image, self.image_url].count(None) != 2:
            raise ValueError("give one of photo, image and image_url")
        return self
