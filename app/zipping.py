"""Photos' own files as one ZIP, made while it is sent: nothing is written to disk, and little is held in memory."""

import zipfile
from collections.abc import Iterator, Sequence
from pathlib import PurePath

from sqlalchemy import select

from app.errors import NotFoundError, QueryError
from app.originals import open_original
from indexer.catalog import Photo, PhotoState
from indexer.errors import PhotoError
from indexer.library import Library

MOST = 1_000  # photos
MOST_BYTES = 20 << 30
_CHUNK = 1 << 18  # bytes
_LEFT_OUT = "not in here.txt"


class _Sent:
    """What was written and not yet sent."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        pass

    def take(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)


def zipped(library: Library, photo_ids: Sequence[int]) -> Iterator[bytes]:
    """The files of photos as a ZIP, piece by piece. Files that cannot be read now are named in a list inside.

    Raises:
        QueryError: they are too many, or too large together.
        NotFoundError: one of them is not in the library.
    """
    ids = list(dict.fromkeys(photo_ids))
    if len(ids) > MOST:
        raise QueryError(f"at most {MOST:,} photos go into one download; got {len(ids):,}")
    query = select(Photo.id, Photo.size).where(Photo.id.in_(ids), Photo.state == PhotoState.PRESENT)
    with library.catalog.reading() as session:
        sizes = {photo_id: size for photo_id, size in session.execute(query)}
    if missing := [photo_id for photo_id in ids if photo_id not in sizes]:
        raise NotFoundError(f"no photo with id {missing[0]}")
    if (total := sum(sizes.values())) > MOST_BYTES:
        raise QueryError(f"these photos have {total / 2**30:,.0f} GB; at most {MOST_BYTES >> 30} go into one download")
    return _pieces(library, ids)


def _pieces(library: Library, ids: Sequence[int]) -> Iterator[bytes]:
    sent, names, left_out = _Sent(), set[str](), list[str]()
    with zipfile.ZipFile(sent, "w") as archive:  # type: ignore[call-overload]
        for photo_id in ids:
            try:
                original = open_original(library, photo_id)
            except (PhotoError, NotFoundError) as error:
                left_out.append(str(error))
                continue
            with original.file, archive.open(_free(original.name, names), "w", force_zip64=True) as inside:
                while data := original.file.read(_CHUNK):
                    inside.write(data)
                    yield sent.take()
        if left_out:
            archive.writestr(_LEFT_OUT, "\n".join(left_out).encode("utf-8", "replace"))
    yield sent.take()


def _free(name: str, taken: set[str]) -> str:
    """A name that no file in the ZIP has yet, told apart by a number."""
    path = PurePath(name.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
    free, number = path.name, 2
    while free.casefold() in taken:
        free, number = f"{path.stem} ({number}){path.suffix}", number + 1
    taken.add(free.casefold())
    return free
