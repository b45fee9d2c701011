"""What a person may ask."""

from dataclasses import dataclass

from app.errors import QueryError

MAX_TEXT = 2_000  # characters; the encoder reads the first few dozen words


@dataclass(frozen=True)
class Query:
    """A description, photos of the library (by id), pictures from elsewhere (encoded bytes); several are averaged.

    Raises:
        QueryError: there is nothing in it, or the text is too long.
    """

    text: str = ""
    photos: tuple[int, ...] = ()
    images: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", self.text.strip())
        if not (self.text or self.photos or self.images):
            raise QueryError("nothing to search for: give a description, a photo's id or a picture")
        if len(self.text) > MAX_TEXT:
            raise QueryError(f"the description has {len(self.text):,} characters; the limit is {MAX_TEXT:,}")
