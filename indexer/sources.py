"""Where a cluster's pictures come from: a folder that every machine sees, or object storage through fsspec.

What lies in a bucket is named as a file would be, ``/s3/bucket/photos/a.jpg`` for ``s3://bucket/photos/a.jpg``: a path
that the catalog can hold, and that can be mounted there, or said to be elsewhere when an export is imported.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from indexer.errors import FolderError, PhotoError
from indexer.excludes import Excludes
from indexer.walk import SUFFIXES, FoundFile, walk


@dataclass(frozen=True)
class Source:
    """A folder, or a place in object storage, whose protocol is then not empty."""

    folder: str  # as the catalog names it
    protocol: str = ""

    @classmethod
    def of(cls, name: str) -> "Source":
        """The source that a path or an fsspec URL names."""
        protocol, separator, place = name.partition("://")
        if not separator or protocol == "file":
            return cls(os.path.abspath(os.path.expanduser(place if separator else name)))
        return cls(f"/{protocol}/{place.strip('/')}".rstrip("/"), protocol)

    def url_of(self, path: str) -> str:
        """Where something of this source really is."""
        return f"{self.protocol}://{path.removeprefix(f'/{self.protocol}/')}" if self.protocol else path

    def files(self) -> Iterator[FoundFile]:
        """What looks like pictures by its name, in the order of paths.

        Raises:
            FolderError: it cannot be listed.
        """
        if not self.protocol:
            if not os.path.isdir(self.folder):
                raise FolderError(f"not a folder: {self.folder}")
            return walk(self.folder, Excludes(), {})
        return self._objects()

    def _objects(self) -> Iterator[FoundFile]:
        url = self.url_of(self.folder)
        try:
            from fsspec.core import url_to_fs

            fs, root = url_to_fs(url)
            found: dict[str, dict[str, Any]] = fs.find(root, detail=True)
        except Exception as error:  # every kind of storage has its own, and may lack its package
            raise FolderError(f"cannot list {url}: {error}") from error
        if not found:
            raise FolderError(f"nothing is in {url}")
        for name, about in sorted(found.items()):
            below = name[len(root) :].strip("/")
            suffix = os.path.splitext(below)[1].lower().removeprefix(".")
            if suffix in SUFFIXES and not any(part.startswith(".") for part in below.split("/")):
                yield FoundFile(f"{self.folder}/{below}", int(about.get("size") or 0), _mtime_ns(about))

    @contextmanager
    def local(self, found: FoundFile) -> Iterator[str]:
        """The path of a file on this machine: its own, or that of a copy which lasts as long as this.

        Raises:
            PhotoError: it cannot be fetched.
        """
        if not self.protocol:
            yield found.path
            return
        import fsspec

        with tempfile.NamedTemporaryFile(suffix=os.path.splitext(found.path)[1]) as copy:
            try:
                with fsspec.open(self.url_of(found.path), "rb") as original:
                    shutil.copyfileobj(original, copy)
            except Exception as error:  # as above
                raise PhotoError(f"cannot be read: {error}") from error
            copy.flush()
            yield copy.name


def _mtime_ns(about: dict[str, Any]) -> int:
    when = next((about[key] for key in ("mtime", "LastModified", "updated", "created") if about.get(key)), 0)
    return int((when.timestamp() if isinstance(when, datetime) else float(when)) * 1e9)
