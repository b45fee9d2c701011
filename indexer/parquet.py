"""A library as files that any tool can read: Parquet tables in a folder, with a manifest that vouches for them.

    manifest.json                   version, tables' schema, encoders, folders; every file's rows and SHA-256
    photos/*.parquet                path, folder, size, mtime_ns, state, sha256, error, metadata, keywords, tags ...
    names/*.parquet                 name, words, sha256: of the contents that show what is called so
    albums/*.parquet                name, key, query of a live one, sha256 of what another holds
    contents/*.parquet              sha256, size, width, height, format, kind, taken_at, thumbnail (WebP)
    vectors/FINGERPRINT/*.parquet   sha256, vector: half precision, unit length
    frames/FINGERPRINT/*.parquet    sha256, time_s, vector: moments of videos

A table may be in any number of files, so that many machines may write them. Paths are as the catalog keeps them
(`indexer.columns.stored_text`).
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from sqlalchemy import BigInteger, DateTime, Double, Integer
from sqlalchemy import inspect as inspect_model

from indexer.catalog import Content, PhotoMetadata
from indexer.errors import TransferError
from indexer.migrations import HEAD

VERSION = 1
MANIFEST = "manifest.json"
ROWS_A_GROUP = 2_000  # read and written at a time
Row = dict[str, Any]
Codes = NDArray[np.float16]  # (n, dim)


@cache
def photos_schema() -> pa.Schema:
    return pa.schema(
        [
            pa.field("path", pa.string(), nullable=False),
            pa.field("folder", pa.string(), nullable=False),
            pa.field("size", pa.int64(), nullable=False),
            pa.field("mtime_ns", pa.int64(), nullable=False),
            pa.field("state", pa.string(), nullable=False),
            pa.field("sha256", pa.string()),
            pa.field("error", pa.string()),
            pa.field("metadata", pa.struct(_columns(PhotoMetadata, "photo_id"))),
            pa.field("keywords", pa.list_(pa.string())),
            pa.field("tags", pa.list_(pa.string())),  # the owner's
            pa.field("suggested", pa.list_(_suggestion())),  # and what was suggested,
            pa.field("rejected", pa.list_(pa.string())),  # or put away, so that it is not suggested again
        ]
    )


def _suggestion() -> pa.StructType:
    return pa.struct([pa.field("tag", pa.string(), nullable=False), pa.field("probability", pa.float64())])


@cache
def contents_schema() -> pa.Schema:
    return pa.schema([*_columns(Content, "id", "revision"), pa.field("thumbnail", pa.binary())])


def vectors_schema(dim: int) -> pa.Schema:
    return pa.schema([pa.field("sha256", pa.string(), nullable=False), _vector(dim)])


def frames_schema(dim: int) -> pa.Schema:
    named = [pa.field("sha256", pa.string(), nullable=False), pa.field("time_s", pa.float64(), nullable=False)]
    return pa.schema([*named, _vector(dim)])


def _vector(dim: int) -> pa.Field:
    return pa.field("vector", pa.list_(pa.float16(), dim), nullable=False)


def _columns(model: type[Any], *without: str) -> list[pa.Field]:
    """The columns of a table of the catalog, as Parquet has them."""
    kinds = ((BigInteger, pa.int64()), (Integer, pa.int64()), (Double, pa.float64()), (DateTime, pa.timestamp("us")))
    return [
        pa.field(
            column.key,
            next((arrow for sql, arrow in kinds if isinstance(column.type, sql)), pa.string()),
            nullable=bool(column.nullable),
        )
        for column in inspect_model(model).columns
        if column.key not in without
    ]


@dataclass(frozen=True)
class EncoderEntry:
    """An encoder that vectors in the export were made with."""

    fingerprint: str
    name: str
    dim: int


@dataclass(frozen=True)
class FolderEntry:
    """An indexed folder; `exclude` are gitignore's patterns, one a line."""

    path: str
    exclude: str = ""


@dataclass(frozen=True)
class FileEntry:
    """A file of the export, by its path in it."""

    path: str
    rows: int
    sha256: str


@dataclass
class Manifest:
    """What an export holds."""

    encoders: list[EncoderEntry]
    folders: list[FolderEntry]
    files: list[FileEntry] = field(default_factory=list)
    version: int = VERSION
    tables: str = HEAD  # the migration that its columns are those of

    def files_of(self, table: str) -> list[FileEntry]:
        """The files of ``photos``, ``names``, ``albums``, ``contents``, ``vectors/ENCODER`` or ``frames/ENCODER``."""
        return [file for file in self.files if file.path.rpartition("/")[0] == table]

    def rows_of(self, table: str) -> int:
        return sum(file.rows for file in self.files_of(table))


def write_manifest(export: Path, encoders: Sequence[EncoderEntry], folders: Sequence[FolderEntry]) -> Manifest:
    """Counts and hashes every Parquet file below `export` and writes the manifest: the last step of an export."""
    manifest = Manifest(list(encoders), list(folders))
    for path in sorted(export.rglob("*.parquet")):
        rows = pq.read_metadata(path).num_rows
        manifest.files.append(FileEntry(path.relative_to(export).as_posix(), rows, _sha256_of(path)))
    (export / MANIFEST).write_text(json.dumps(asdict(manifest), indent=1), "utf-8")
    return manifest


def read_manifest(export: Path) -> Manifest:
    """The manifest of an export, its files not yet looked at.

    Raises:
        TransferError: there is none, or it is not one of this version.
    """
    path = export / MANIFEST
    try:
        said = json.loads(path.read_text("utf-8"))
        if said["version"] > VERSION or said["tables"] > HEAD:
            raise TransferError(f"{export} was written by a newer Sightline")
        return Manifest(
            [EncoderEntry(**entry) for entry in said["encoders"]],
            [FolderEntry(**entry) for entry in said["folders"]],
            [FileEntry(**entry) for entry in said["files"]],
            said["version"],
            said["tables"],
        )
    except FileNotFoundError as error:
        raise TransferError(f"{export} is no export: there is no {MANIFEST} in it") from error
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise TransferError(f"{path} cannot be understood: {error}") from error


def check_file(export: Path, file: FileEntry) -> None:
    """Reads a file through.

    Raises:
        TransferError: it is not there, or not as it was written.
    """
    path = export / file.path
    if not path.resolve().is_relative_to(export.resolve()):
        raise TransferError(f"{file.path} does not lie in {export}")
    try:
        found = _sha256_of(path)
    except OSError as error:
        raise TransferError(f"cannot read {path}: {error.strerror}") from error
    if found != file.sha256:
        raise TransferError(f"{path} is damaged: its bytes are not those that were exported")


def _sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_rows(
    path: Path, schema: pa.Schema, rows: Iterable[Sequence[Row]], compression: str = "zstd"
) -> Iterator[int]:
    """Writes parts of rows, one row group each, and gives back the length of each part once it is written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for part in rows:
            writer.write_table(pa.Table.from_pylist(part, schema))
            yield len(part)


def vectors_table(named: dict[str, Sequence[Any]], codes: Codes) -> pa.Table:
    """A table of ``vectors`` or ``frames``: `named` are the columns before the vector."""
    dim = codes.shape[1]
    schema = frames_schema(dim) if "time_s" in named else vectors_schema(dim)
    values = pa.array(np.ascontiguousarray(codes).reshape(-1))
    columns = [pa.array(named[name], schema.field(name).type) for name in schema.names[:-1]]
    return pa.Table.from_arrays([*columns, pa.FixedSizeListArray.from_arrays(values, dim)], schema=schema)


def read_parts(export: Path, file: FileEntry, schema: pa.Schema) -> Iterator[pa.Table]:
    """A file's rows, some thousand at a time, with the columns of `schema`; those that an older export lacks are null.

    Raises:
        TransferError: its columns are not those that are expected.
    """
    path = export / file.path
    try:
        opened = pq.ParquetFile(path, pre_buffer=False)
        missing = [f.name for f in schema if f.name not in opened.schema_arrow.names and not f.nullable]
        if missing:
            raise TransferError(f"{path} has no column {', '.join(missing)}")
        for batch in opened.iter_batches(ROWS_A_GROUP):
            rows = pa.Table.from_batches([batch])
            arrays = [
                rows[f.name].cast(f.type) if f.name in rows.column_names else pa.nulls(len(rows), f.type)
                for f in schema
            ]
            yield pa.Table.from_arrays(arrays, schema=schema)
    except (pa.ArrowException, OSError) as error:
        raise TransferError(f"{path} cannot be read: {str(error).splitlines()[0]}") from error


def codes_of(table: pa.Table) -> Codes:
    """The vectors of a table, (n, dim)."""
    values = table["vector"].combine_chunks()
    flat = values.flatten().to_numpy(zero_copy_only=False)
    return np.asarray(flat, np.float16).reshape(len(table), -1)
