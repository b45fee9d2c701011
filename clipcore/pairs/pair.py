"""A picture with what describes it: the one record that every source gives and every stage takes.

What describes a picture is found in this order: ``captions`` (a list) or ``caption`` in its JSON; its text file; and
label-like fields of its JSON (``label``, ``name``, ``title``, ``group`` ...), which templates turn into texts.
"""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from clipcore.errors import ImageError

Templates = Mapping[str, Sequence[str]]  # a field's name to texts with {} where its value goes


@dataclass(frozen=True)
class Stored:
    """Where a picture's bytes lie: a file, or `size` bytes of one from `offset` on."""

    path: str
    offset: int = 0
    size: int = -1  # to the end

    def read(self) -> bytes:
        """The bytes.

        Raises:
            ImageError: the file cannot be read, or ends before they do.
        """
        try:
            with open(self.path, "rb") as file:
                file.seek(self.offset)
                encoded = file.read(self.size)
        except OSError as error:
            raise ImageError(f"cannot read {self.path}: {error.strerror}") from error
        if self.size >= 0 and len(encoded) < self.size:
            raise ImageError(f"{self.path} ends {self.size - len(encoded)} bytes before its picture does")
        return encoded


@dataclass(frozen=True)
class Pair:
    """A picture and its texts.

    Attributes:
        key: its name in its source.
        picture: its bytes, or where they lie; None where only a URL is known.
        captions: what describes it, none of them empty.
        fields: what else stands beside it, as words.
        url: where it was found on the web; empty where that is not known.
        source: the file or folder that it was read from.
    """

    key: str
    picture: bytes | Stored | None
    captions: tuple[str, ...]
    fields: Mapping[str, str] = field(default_factory=dict)
    url: str = ""
    source: str = ""

    @property
    def encoded(self) -> bytes:
        """The picture's file, read where it lies.

        Raises:
            ImageError: it cannot be read, or is only known by its URL.
        """
        if self.picture is None:
            raise ImageError(f"{self.key} is only known by its URL {self.url}: download it first")
        return self.picture if isinstance(self.picture, bytes) else self.picture.read()

    def open(self) -> Image.Image:
        """The picture, not yet decoded.

        Raises:
            ImageError: these bytes are no picture.
        """
        try:
            return Image.open(io.BytesIO(self.encoded))
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            raise ImageError(f"{self.key} is not a picture: {error}") from error

    def texts(self, templates: Templates) -> tuple[str, ...]:
        """Its captions, then every template whose field it has; empty when nothing describes it."""
        made = (
            text.format(self.fields[field])
            for field, texts in templates.items()
            if field in self.fields
            for text in texts
        )
        return tuple(dict.fromkeys((*self.captions, *made)))


def describe(
    key: str,
    picture: bytes | Stored | None,
    metadata: bytes | None,
    text: bytes | None,
    classes: Mapping[str, str] | None = None,
    source: str = "",
) -> Pair:
    """A pair from what stands beside a picture: its JSON and its text file, as bytes, where it has them.

    Args:
        classes: from a folder's name to the class names of the pictures in it.

    Raises:
        ValueError: the JSON is not an object, or the text is not UTF-8.
    """
    values = json.loads(metadata or b"{}")
    if not isinstance(values, dict):
        raise ValueError("its JSON is not an object")
    captions = values.pop("captions", None) or [values[name] for name in ("caption",) if values.get(name)]
    if not captions and text is not None:
        captions = [text.decode("utf-8")]
    if not isinstance(captions, list) or not all(isinstance(caption, str) for caption in captions):
        raise ValueError("its captions are not a list of strings")
    fields = {name: words for name, value in values.items() if (words := _readable(value))}
    folder = Path(key).parent.name
    if classes and folder in classes:
        fields["label"] = classes[folder].partition(",")[0]
    kept = tuple(stripped for caption in captions if (stripped := caption.strip()))
    return Pair(key, picture, kept, fields, str(values.get("url") or ""), source)


def _readable(value: Any) -> str:
    """A field as words; empty when it is neither a string nor a list of strings."""
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        return ""
    return " ".join(" ".join(words).replace("_", " ").replace("-", " ").split())
