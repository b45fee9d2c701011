"""Faults that are a disk's and say nothing of the file: what met one is left as it is, and looked at again."""

import errno
import io
import os
from typing import Any

from indexer.errors import DiskError, PhotoError

# a failing or unplugged disk, a network file system whose server is away, a system that is out of files
_NAMES = ("EIO", "ENODEV", "ENOMEDIUM", "ESTALE", "ENOTCONN", "ETIMEDOUT", "EHOSTDOWN", "EHOSTUNREACH", "ECONNRESET")
_NUMBERS = frozenset(
    getattr(errno, name) for name in (*_NAMES, "EREMOTEIO", "EMFILE", "ENFILE") if hasattr(errno, name)
)
REASONS = frozenset(os.strerror(number) for number in _NUMBERS)


def is_of_disk(error: OSError) -> bool:
    return error.errno in _NUMBERS


def reading_fault(error: OSError) -> PhotoError:
    """Why a file cannot be read: a `DiskError` where that is its disk's fault."""
    kind = DiskError if is_of_disk(error) else PhotoError
    return kind(f"cannot be read: {error.strerror}")


class RememberingFile(io.FileIO):
    """A file that keeps the fault it met, which a decoder that reads from it may take for a broken picture."""

    fault: OSError | None = None

    def readinto(self, buffer: Any) -> int | None:
        try:
            return super().readinto(buffer)
        except OSError as error:
            self.fault = error
            raise

    def readall(self) -> bytes:
        try:
            return super().readall()
        except OSError as error:
            self.fault = error
            raise
