"""Half-precision rows in a file, without holding them in memory.

A fault of the disk under a file that is mapped into memory ends the process; one under a file that is read is an error.
So neighbouring rows are read; rows here and there, thousands a search, are looked up in a map, but only once the file
has been read through: what the disk cannot give is met by reading, also after a restart, and the file is then replaced.
"""

import errno
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.float16]  # (n, dim), unit length


class CodesFile:
    """Rows (count, dim) from a place in a file on; `count` is at least 1. Safe to use from several threads.

    Whatever reads it raises OSError where the disk fails, or the file has become shorter.
    """

    def __init__(self, path: Path, begin: int, count: int, dim: int) -> None:
        self.shape = (count, dim)
        self.nbytes = count * dim * 2
        self._begin = begin
        self._file = path.open("rb", buffering=0)
        self._lock = threading.Lock()
        self._mapped: Codes = np.memmap(self._file, "<f2", "r", begin, self.shape)
        self._read_through = False

    def __del__(self) -> None:
        if hasattr(self, "_file"):
            self._file.close()

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice | NDArray[np.int64]) -> Codes:
        """A copy of neighbouring rows (a slice), or of any (their numbers)."""
        if isinstance(rows, slice):
            begin, end, _ = rows.indices(len(self))
            return self._read(begin, np.empty((max(end - begin, 0), self.shape[1]), "<f2"))
        if not self._read_through:
            codes = np.empty((len(rows), self.shape[1]), "<f2")
            for i, row in enumerate(rows.tolist()):
                self._read(row, codes[i : i + 1])
            return codes
        if os.fstat(self._file.fileno()).st_size < self._begin + self.nbytes:
            raise self._shorter()
        return self._mapped[rows]

    def blocks(self, size: int) -> Iterator[NDArray[np.uint8]]:
        """All bytes, in parts of `size`, each in the place of the last; after them, rows are looked up in the map."""
        block = np.empty(min(size, self.nbytes), np.uint8)
        for start in range(0, self.nbytes, size):
            part = block[: self.nbytes - start]
            self._fill(start, part)
            yield part
        self._read_through = True

    def _read(self, row: int, codes: Codes) -> Codes:
        """Reads as many rows as `codes` has into it."""
        self._fill(row * self.shape[1] * 2, codes.reshape(-1).view(np.uint8))
        return codes

    def _fill(self, start: int, content: NDArray[np.uint8]) -> None:
        at = 0
        while at < len(content):
            with self._lock:
                self._file.seek(self._begin + start + at)
                got = self._file.readinto(content[at:].data)
            if not got:
                raise self._shorter()
            at += got

    def _shorter(self) -> OSError:
        return OSError(errno.EIO, "it has become shorter", str(self._file.name))
