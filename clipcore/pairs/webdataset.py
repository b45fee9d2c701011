"""Pairs from WebDataset tars: ``KEY.jpg`` beside ``KEY.json`` or ``KEY.txt``.

A tar may open with ``classes.json``, a map from a folder's name to its class names ("goldfish, Carassius auratus"); a
picture ``train/n01443537/0.jpg`` then has the field ``label`` too. Pictures stay where they lie in the tar until they
are asked for, so that reading a tar's captions reads little else; of a compressed tar they are read at once.
"""

import io
import json
import tarfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from clipcore.errors import PairsError
from clipcore.pairs.pair import Pair, Stored, describe
from clipcore.pairs.skipped import Skipped

IMAGE_SUFFIXES = ("jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff", "avif", "heic", "jp2")


def read_pairs(
    tar: Path, exclude: Sequence[str] = (), only: str = "", skipped: Skipped | None = None
) -> Iterator[Pair]:
    """The pictures of one tar in its order.

    Args:
        exclude: leave out pictures whose key begins with one of these ("dev/").
        only: leave out pictures whose key does not begin with this.
        skipped: counts and names the samples that cannot be used; then a tar that ends early gives what it has.

    Raises:
        PairsError: no such file, not a tar, or, without `skipped`, a sample that cannot be used.
    """
    classes: Mapping[str, str] = {}
    for sample in _samples(tar, skipped):
        key = sample["__key__"]
        if key == "classes" and "json" in sample:
            classes = json.loads(_bytes(sample["json"]))
            continue
        if not key.startswith(only) or key.startswith(tuple(exclude)):
            continue
        try:
            pair = _pair(sample, classes, str(tar))
        except ValueError as error:
            _leave_out(tar, f"unreadable beside its picture ({error})", key, skipped)
            continue
        if pair is not None:
            yield pair
        elif skipped is not None:
            skipped.add("captions without a picture", f"{tar.name}:{key}")


def _pair(sample: Mapping[str, Any], classes: Mapping[str, str], source: str) -> Pair | None:
    """A pair, or None where there is no picture."""
    picture = next((sample[name] for name in sorted(sample) if name.rpartition(".")[2] in IMAGE_SUFFIXES), None)
    if picture is None:
        return None
    metadata, text = (_bytes(sample[suffix]) if suffix in sample else None for suffix in ("json", "txt"))
    return describe(sample["__key__"], picture, metadata, text, classes, source)


def _bytes(content: bytes | Stored) -> bytes:
    return content if isinstance(content, bytes) else content.read()


def _samples(tar: Path, skipped: Skipped | None) -> Iterator[dict[str, Any]]:
    """WebDataset's grouping of a tar's files by key; of each file only where it lies."""
    from webdataset.tariterators import group_by_keys

    def repeated(error: Exception) -> bool:
        _leave_out(tar, "files of the same name in one tar", str(error.args[0]), skipped)
        return True

    yield from group_by_keys(_files(tar, skipped), handler=repeated)


def _files(tar: Path, skipped: Skipped | None) -> Iterator[dict[str, Any]]:
    last = ""
    try:
        with tarfile.open(tar) as opened:
            plain = isinstance(opened.fileobj, io.BufferedReader)
            while (member := opened.next()) is not None:
                opened.members = []  # type: ignore[attr-defined]  # else it remembers every file of the tar
                if member.isreg():
                    yield {"fname": member.name, "__url__": str(tar), "data": _content(tar, opened, member, plain)}
                    last = member.name
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        if skipped is None or not last:
            reason = str(error).partition("\n")[0].rstrip(": ")
            raise PairsError(f"cannot read {tar} as a WebDataset tar: {reason}") from error
        skipped.add("tars cut short", f"{tar.name} after {last}")


def _content(tar: Path, opened: tarfile.TarFile, member: tarfile.TarInfo, plain: bool) -> bytes | Stored:
    if plain:
        if member.offset_data + member.size > tar.stat().st_size:
            raise tarfile.ReadError("unexpected end of data")
        return Stored(str(tar), member.offset_data, member.size)
    stream = opened.extractfile(member)
    return b"" if stream is None else stream.read()


def _leave_out(tar: Path, reason: str, name: str, skipped: Skipped | None) -> None:
    if skipped is None:
        raise PairsError(f"cannot read {tar}: {name}: {reason}")
    skipped.add(reason.partition(" (")[0], f"{tar.name}:{name}")
