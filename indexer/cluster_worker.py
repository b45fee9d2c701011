"""What a cluster's worker does with a part: read, decode, encode, and write its tables (`indexer.parquet`)."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from queue import LifoQueue
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from clipcore.batches import batched
from indexer.catalog import PhotoState
from indexer.cluster_plan import Job, replace_file
from indexer.columns import stored_text
from indexer.decode_process import DecodeProcess
from indexer.decoder import Setup
from indexer.errors import PhotoError
from indexer.library import Library
from indexer.metadata import VERSION
from indexer.parquet import Codes, Row, contents_schema, photos_schema, vectors_table
from indexer.reading import ReadFile
from indexer.sources import Source
from indexer.store import encode_batch
from indexer.stored import STORED_DTYPE
from indexer.walk import FoundFile


class PartEncoder:
    """A worker: reads, decodes and encodes the files of a part, and writes its tables."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._library = Library(job.settings.model_copy(update={"database_url": "sqlite://"}))  # a catalog of its own
        setup = Setup(self._library.encoder.preprocessing, self._library.limits)
        self._processes = [DecodeProcess(setup) for _ in range(job.settings.decode_workers)]

    def __call__(self, row: dict[str, int]) -> dict[str, int]:
        files = self._job.part(row["part"])
        free: LifoQueue[DecodeProcess] = LifoQueue()
        for process in self._processes:
            free.put(process)

        def read(found: FoundFile) -> ReadFile:
            process = free.get()
            try:
                return _read(self._job.source, process, found)
            finally:
                free.put(process)

        writer = _PartWriter(self._job, row["part"], self._library)
        with ThreadPoolExecutor(len(self._processes), thread_name_prefix="decode") as pool:
            for batch in batched(pool.map(read, files), self._job.settings.batch_size):
                writer.add(batch)
        writer.close()
        return {"files": len(files), "failed": writer.failed, "bytes": sum(found.size for found in files)}

    def close(self) -> None:
        """Ends its decoders."""
        for process in self._processes:
            process.close()
        self._library.close()


def _read(source: Source, process: DecodeProcess, found: FoundFile) -> ReadFile:
    """One file, from this machine's disks or copied from where it is."""
    identity = None
    try:
        with source.local(found) as path:
            identity = process.read(path)
            photo = process.decode(found.sidecar)
    except PhotoError as error:
        return ReadFile(found, identity, error=str(error))
    return ReadFile(found, identity, photo, metadata=photo.metadata)


class _PartWriter:
    """The tables of one part, kept until they are whole."""

    def __init__(self, job: Job, part: int, library: Library) -> None:
        self._job, self._part, self._library = job, part, library
        self._photos: list[Row] = []
        self._contents: dict[str, Row] = {}
        self._codes: list[bytes] = []
        self._frames: list[tuple[str, float, bytes]] = []  # hash of a video, seconds, code
        self.failed = 0

    def add(self, batch: Sequence[ReadFile]) -> None:
        """Encodes what is new in a batch of files, and takes all of it down."""
        new = [i for i in batch if i.identity and i.photo and i.identity.sha256 not in self._contents]
        for sha256, (code, frames) in encode_batch(self._library, new).items():
            item = next(item for item in new if item.identity and item.identity.sha256 == sha256)
            self._contents[sha256] = _content_row(item)
            self._codes.append(code)
            self._frames += [(sha256, time_s, code) for time_s, code in frames]
        self._photos += [_photo_row(self._job.source.folder, item) for item in batch]
        self.failed += sum(item.error is not None for item in batch)

    def close(self) -> None:
        """Writes the tables, that of the photos last: its name says that the part is done."""
        fingerprint = self._library.encoder.fingerprint
        hashes, times, codes = zip(*self._frames, strict=True) if self._frames else ((), (), ())
        self._write(f"vectors/{fingerprint}", vectors_table({"sha256": list(self._contents)}, self._rows(self._codes)))
        if self._frames:
            named: dict[str, Sequence[Any]] = {"sha256": hashes, "time_s": times}
            self._write(f"frames/{fingerprint}", vectors_table(named, self._rows(codes)))
        self._write("contents", pa.Table.from_pylist(list(self._contents.values()), contents_schema()))
        self._write("photos", pa.Table.from_pylist(self._photos, photos_schema()))

    def _rows(self, codes: Sequence[bytes]) -> Codes:
        return np.frombuffer(b"".join(codes), STORED_DTYPE).reshape(-1, self._library.encoder.dim)

    def _write(self, name: str, table: pa.Table) -> None:
        replace_file(self._job.table(name, self._part), lambda path: pq.write_table(table, path, compression="zstd"))


def _photo_row(source: str, item: ReadFile) -> Row:
    found, metadata = item.found, None
    if item.metadata is not None:
        metadata = {"version": VERSION, "sidecar_mtime_ns": found.sidecar_mtime_ns} | _stored(asdict(item.metadata))
        del metadata["keywords"]
    return {
        "path": stored_text(found.path),
        "folder": stored_text(source),
        "size": found.size,
        "mtime_ns": found.mtime_ns,
        "state": PhotoState.PRESENT.value,
        "sha256": item.identity.sha256 if item.identity and item.photo else None,
        "error": item.error and stored_text(item.error),
        "metadata": metadata,
        "keywords": [stored_text(word) for word in item.metadata.keywords] if item.metadata else None,
    }


def _content_row(item: ReadFile) -> Row:
    identity, photo = item.identity, item.photo
    assert identity is not None and photo is not None
    said = photo.metadata
    return {
        "sha256": identity.sha256,
        "size": identity.size,
        "width": photo.width,
        "height": photo.height,
        "format": photo.format,
        "kind": photo.kind.value,
        "taken_at": said.taken_at if said.taken_at_source not in ("file", "sidecar") else None,
        "thumbnail": photo.thumbnail,
    }


def _stored(values: Row) -> Row:
    return {name: stored_text(value) if isinstance(value, str) else value for name, value in values.items()}
