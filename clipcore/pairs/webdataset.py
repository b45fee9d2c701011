"""Pictures with texts, read from WebDataset tars: ``KEY.jpg`` beside ``KEY.json`` or ``KEY.txt``.

What describes a picture is found in this order: ``captions`` (a list) or ``caption`` in its JSON; its ``.txt``; and
label-like fields of its JSON (``label``, ``name``, ``title``, ``group`` ...), which a recipe's templates turn into
texts. A tar may open with ``classes.json``, a map from a folder's name to its class names ("goldfish, Carassius
auratus"); a picture ``train/n01443537/0.jpg`` then has the field ``label`` too.
"""

import io
import json
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from clipcore.errors import ImageError, TrainingError

IMAGE_SUFFIXES = ("jpg", "jpeg", "png", "webp")

Templates = Mapping[str, Sequence[str]]  # a field's name to texts with {} where its value goes


@dataclass(frozen=True)
class Pair:
    """A picture as the tar holds it, and the fields that stand beside it."""

    key: str
    encoded: bytes
    captions: tuple[str, ...]
    fields: Mapping[str, str]

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


def read_pairs(tar: Path, exclude: Sequence[str] = (), only: str = "") -> Iterator[Pair]:
    """The pictures of one tar in its order.

    Args:
        exclude: leave out pictures whose key begins with one of these ("dev/").
        only: leave out pictures whose key does not begin with this.

    Raises:
        TrainingError: no such file, or not a tar.
    """
    classes: Mapping[str, str] = {}
    for sample in _samples(tar):
        key = sample["__key__"]
        if key == "classes":
            classes = json.loads(sample["json"])
        encoded = next(
            (sample[suffix] for suffix in sorted(sample) if suffix.rpartition(".")[2] in IMAGE_SUFFIXES), None
        )
        if encoded is not None and key.startswith(only) and not key.startswith(tuple(exclude)):
            yield _pair(key, encoded, sample, classes)


def _samples(tar: Path) -> Iterator[dict[str, Any]]:
    """WebDataset's grouping of a tar's files by key; the stream is ours, so that it is closed."""
    from webdataset.tariterators import group_by_keys, tar_file_expander

    try:
        with tar.open("rb") as stream:
            yield from group_by_keys(tar_file_expander([{"url": str(tar), "stream": stream}]))
    except (OSError, tarfile.TarError) as error:
        raise TrainingError(f"cannot read {tar} as a WebDataset tar: {error}") from error


def _pair(key: str, encoded: bytes, sample: Mapping[str, Any], classes: Mapping[str, str]) -> Pair:
    values = json.loads(sample.get("json", "{}"))
    captions = values.pop("captions", None) or [values[k] for k in ("caption",) if k in values]
    if not captions and "txt" in sample:
        captions = [sample["txt"].decode("utf-8")]
    fields = {name: text for name, value in values.items() if (text := _readable(value))}
    folder = Path(key).parent.name
    if folder in classes:
        fields["label"] = classes[folder].partition(",")[0]
    return Pair(key, encoded, tuple(text.strip() for text in captions), fields)


def _readable(value: Any) -> str:
    """A field as words; empty when it is neither a string nor a list of strings."""
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        return ""
    return " ".join(" ".join(words).replace("_", " ").replace("-", " ").split())
