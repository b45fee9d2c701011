"""What a person may ask. `app.language` reads it from a line of text, and `str` writes it back."""

from dataclasses import dataclass
from pathlib import Path

from app.errors import QueryError
from app.filters import Filter

MAX_TEXT = 2_000  # characters; the encoder reads the first few dozen words
MAX_PARTS = 100
MAX_WEIGHT = 10.0


@dataclass(frozen=True)
class Part:
    """One thing to look for, and how much it counts: a description, a photo's id, or a picture's bytes or file.

    Raises:
        QueryError: the weight is not above 0 and at most `MAX_WEIGHT`, or there is nothing in it.
    """

    of: str | int | bytes | Path
    weight: float = 1.0

    def __post_init__(self) -> None:
        if isinstance(self.of, str):
            object.__setattr__(self, "of", " ".join(self.of.split()))
        if self.of in ("", b""):
            raise QueryError("nothing to look for in a part of the query")
        object.__setattr__(self, "weight", round(self.weight, 3))
        if not 0 < self.weight <= MAX_WEIGHT:
            raise QueryError(f"a weight is above 0 and at most {MAX_WEIGHT:g}; got {self.weight:g}")


@dataclass(frozen=True)
class Query:
    """A description, photos of the library (by id), pictures from elsewhere: together one question.

    Attributes:
        text: a description.
        photos: photos to be alike, by id.
        images: pictures to be alike: the bytes of a file, or where it lies.
        weighted: further parts, each with its weight; the three above count 1 each.
        minus: what a photo should rather not show, and how much that counts against it.
        exact: words that must stand in a photo's file name, folder, caption or keywords.
        without: words that must not stand there.
        filters: what a photo must be.

    Raises:
        QueryError: there is nothing in it, or too much.
    """

    text: str = ""
    photos: tuple[int, ...] = ()
    images: tuple[bytes | Path, ...] = ()
    weighted: tuple[Part, ...] = ()
    minus: tuple[Part, ...] = ()
    exact: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", " ".join(self.text.split()))
        if not (self.parts or self.minus or self.exact or self.without or self.filters):
            raise QueryError("nothing to search for: give a description, a photo's id or a picture")
        if len(self.text) > MAX_TEXT:
            raise QueryError(f"the description has {len(self.text):,} characters; the limit is {MAX_TEXT:,}")
        if (count := len(self.parts) + len(self.minus) + len(self.exact) + len(self.filters)) > MAX_PARTS:
            raise QueryError(f"the query has {count:,} parts; the limit is {MAX_PARTS}")

    @property
    def parts(self) -> tuple[Part, ...]:
        """All that is looked for."""
        text = (Part(self.text),) if self.text else ()
        return (*text, *map(Part, self.photos), *map(Part, self.images), *self.weighted)

    @property
    def words(self) -> str:
        """The descriptions in it, together."""
        return " ".join(part.of for part in self.parts if isinstance(part.of, str))

    @property
    def conditions(self) -> tuple["Query", ...]:
        """What a photo must be, and what must be written of it, each as a query of its own."""
        return (
            *(Query(filters=(condition,)) for condition in self.filters),
            *(Query(exact=(words,)) for words in self.exact),
            *(Query(without=(words,)) for words in self.without),
        )

    def __str__(self) -> str:
        from app.language import write

        return write(self)
