"""A list that lies on disk once it is long, so that a first pass over a million files needs no more memory."""

import os
import pickle
import tempfile
from collections.abc import Iterator
from typing import IO, Generic, TypeVar

from indexer.errors import StorageError

T = TypeVar("T")

_TOGETHER = 5_000  # items in memory at most


class Spool(Generic[T]):
    """Items appended, then read in order as often as wanted. Its file has no name and ends with it."""

    def __init__(self) -> None:
        self._file: IO[bytes] | None = None
        self._tail: list[T] = []
        self._length = 0

    def append(self, item: T) -> None:
        """Adds an item.

        Raises:
            StorageError: the disk of temporary files is full.
        """
        if len(self._tail) == _TOGETHER:
            self._write()
        self._tail.append(item)
        self._length += 1

    def _write(self) -> None:
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as this does
            self._file.seek(0, os.SEEK_END)
            pickle.dump(self._tail, self._file, protocol=pickle.HIGHEST_PROTOCOL)
            self._file.flush()
        except OSError as error:
            raise StorageError(f"cannot write in {tempfile.gettempdir()}: {error.strerror}") from error
        self._tail = []

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[T]:
        position = 0
        for _ in range((self._length - len(self._tail)) // _TOGETHER):
            assert self._file is not None
            try:
                self._file.seek(position)
                items: list[T] = pickle.load(self._file)
                position = self._file.tell()
            except OSError as error:
                raise StorageError(f"cannot read in {tempfile.gettempdir()}: {error.strerror}") from error
            yield from items
        yield from self._tail

    def __del__(self) -> None:
        if self._file is not None:
            self._file.close()
