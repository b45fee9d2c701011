"""A segment on disk: one file, written whole or not at all, and believed only as far as it has been checked.

    4,096 bytes  magic, a JSON header, its authentication code (HMAC-SHA256)
    codes        half precision, (count, dim)
    ids          int64, ascending
    digests      SHA-256 of every 16 MB of codes
    scan         a compressed scan in FAISS's own format

The key of the code is the catalog's random name: a file that was made without that catalog says nothing here. Lengths,
header, ids, digests and scan are checked when a snapshot is opened, so FAISS parses only bytes that this program wrote.
The codes, a gigabyte for a million photos, are left in the file; plain numbers can do no harm but to be wrong, so
`Snapshot.codes_are_whole` reads them through once searching has begun. A few megabytes are read and checked at once.
"""

import hashlib
import hmac
import json
import logging
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from filelock import FileLock

from indexer.vectors.base import Ids
from indexer.vectors.beside import step
from indexer.vectors.choice import Kind
from indexer.vectors.codes_file import CodesFile
from indexer.vectors.half import AnyCodes, Codes
from indexer.vectors.scan import CompressedScan, Reach

log = logging.getLogger(__name__)

_MAGIC = b"sightline-vectors-2\n"
_HEAD = 4096  # bytes
_BLOCK = 16 << 20  # bytes of codes a digest
_LEFT_FROM = 64 << 20  # bytes of codes; fewer are read, and checked, at once


@dataclass(frozen=True)
class Owner:
    """Whose vectors these are: a catalog by its random name, an encoder by its fingerprint and dimensions."""

    catalog: str
    encoder: str
    dim: int

    def authenticate(self, header: bytes) -> str:
        return hmac.new(self.catalog.encode(), header, hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class Header:
    """What a snapshot says of itself. `sha256` is of the ids, the digests and the scan."""

    encoder: str
    dim: int
    count: int
    revision: int
    chosen: Kind  # what its writer chose
    kind: Kind  # what it holds a scan for: exact where that choice would not do
    reach: Reach | None
    scan_bytes: int
    sha256: str

    @classmethod
    def from_json(cls, content: bytes) -> "Header":
        values = json.loads(content)
        reach = values.pop("reach")
        kinds = {name: Kind(values[name]) for name in ("chosen", "kind")}
        return cls(**(values | kinds | {"reach": Reach(**reach) if reach else None}))


@dataclass(frozen=True)
class Snapshot:
    """An opened snapshot."""

    header: Header
    ids: Ids
    codes: AnyCodes
    digests: bytes
    scan: CompressedScan | None

    @property
    def is_in_file(self) -> bool:
        """Whether its codes were left in the file, and are not checked yet."""
        return isinstance(self.codes, CodesFile)

    def codes_are_whole(self) -> bool:
        """Whether every code is as it was written: reads them all. Raises OSError."""
        return not isinstance(self.codes, CodesFile) or _are_whole(self.codes, self.digests)


Rows = Iterable[tuple[Ids, Codes]]


@dataclass(frozen=True)
class Built:
    """The kind of index that was chosen for some codes, and the scan that was built, where one was."""

    chosen: Kind
    scan: CompressedScan | None = None
    reach: Reach | None = None


def write_snapshot(path: Path, owner: Owner, revision: int, rows: Rows, build: Callable[[AnyCodes], Built]) -> None:
    """Writes `rows`, whose ids ascend, and the scan that `build` makes of their codes.

    Raises:
        OSError: it cannot be written; what was there before is as it was.
        Timeout: another process is writing it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".part")  # one that was left by a process that died is overwritten
    with FileLock(path.with_suffix(".lock"), blocking=False):
        try:
            with temporary.open("w+b") as file:
                _write(file, temporary, owner, revision, rows, build)
            temporary.replace(path)
            _sync_folder(path.parent)
        finally:
            temporary.unlink(missing_ok=True)


def _write(
    file: BinaryIO, path: Path, owner: Owner, revision: int, rows: Rows, build: Callable[[AnyCodes], Built]
) -> None:
    file.seek(_HEAD)
    ids, digests = _write_codes(file, rows)
    file.flush()
    built = build(_codes(path, len(ids), owner.dim))
    scan = built.scan.to_bytes() if built.scan else memoryview(b"")
    sha256 = hashlib.sha256()
    for part in (ids.astype("<i8").data, digests, scan):  # a scan may take a gigabyte: it is not copied
        file.write(part)
        sha256.update(part)
    file.seek(0)
    file.write(_head(owner, _header(owner, len(ids), revision, built, len(scan), sha256.hexdigest())))
    file.flush()
    os.fsync(file.fileno())


def _header(owner: Owner, count: int, revision: int, built: Built, scan_bytes: int, sha256: str) -> Header:
    return Header(
        encoder=owner.encoder,
        dim=owner.dim,
        count=count,
        revision=revision,
        chosen=built.chosen,
        kind=built.scan.kind if built.scan else Kind.EXACT,
        reach=built.reach,
        scan_bytes=scan_bytes,
        sha256=sha256,
    )


def _head(owner: Owner, header: Header) -> bytes:
    content = json.dumps(asdict(header)).encode()
    return (_MAGIC + owner.authenticate(content).encode() + b"\n" + content + b"\n").ljust(_HEAD, b"\0")


def _write_codes(file: BinaryIO, rows: Rows) -> tuple[Ids, bytes]:
    """Writes codes as they come; gives back their ids and the digests of their blocks."""
    ids, digests, block = [np.empty(0, np.int64)], [], bytearray()
    for some, codes in rows:
        ids.append(some)
        raw = np.ascontiguousarray(codes, "<f2").tobytes()
        file.write(raw)
        block += raw
        while len(block) >= _BLOCK:
            digests.append(hashlib.sha256(block[:_BLOCK]).digest())
            del block[:_BLOCK]
    if block:
        digests.append(hashlib.sha256(block).digest())
    return np.concatenate(ids), b"".join(digests)


def _codes(path: Path, count: int, dim: int) -> AnyCodes:
    return CodesFile(path, _HEAD, count, dim) if count else np.empty((0, dim), np.float16)


def _are_whole(codes: CodesFile, digests: bytes) -> bool:
    for i, block in enumerate(codes.blocks(_BLOCK)):
        step()
        if hashlib.sha256(block.data).digest() != digests[i * 32 : i * 32 + 32]:
            return False
    return True


def _sync_folder(folder: Path) -> None:
    """Makes a rename last through a power cut, where the system has that."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def read_header(path: Path) -> Header | None:
    """What a snapshot says of itself, unchecked: to be shown, not to be relied upon."""
    try:
        with path.open("rb") as file:
            return Header.from_json(_split(file.read(_HEAD))[1])
    except (OSError, ValueError, TypeError, KeyError):
        return None


def open_snapshot(path: Path, owner: Owner) -> Snapshot | None:
    """The snapshot at `path`; None when there is none. One that is not whole and this owner's is set aside."""
    try:
        return read_snapshot(path, owner)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        set_aside(path, str(error))
        return None


def read_snapshot(path: Path, owner: Owner) -> Snapshot:
    """The snapshot at `path`, checked.

    Raises:
        FileNotFoundError: there is none.
        OSError, ValueError, TypeError, KeyError, AttributeError: it is not whole, or not this owner's.
    """
    with path.open("rb") as file:
        code, content = _split(file.read(_HEAD))
        if not hmac.compare_digest(code, owner.authenticate(content)):
            raise ValueError("it was not written for this catalog")
        header = Header.from_json(content)
        if (header.encoder, header.dim) != (owner.encoder, owner.dim):
            raise ValueError("it holds the vectors of another encoder")
        codes_bytes = header.count * header.dim * 2
        digest_bytes = 32 * -(-codes_bytes // _BLOCK)
        length = _HEAD + codes_bytes + header.count * 8 + digest_bytes + header.scan_bytes
        if os.fstat(file.fileno()).st_size != length:
            raise ValueError(f"it is not {length:,} bytes long")
        file.seek(_HEAD + codes_bytes)
        rest = file.read()
    if hashlib.sha256(rest).hexdigest() != header.sha256:
        raise ValueError("its ids, digests or scan are damaged")
    ids = np.frombuffer(rest, "<i8", header.count).copy()  # what lies behind them shall not stay in memory
    digests = rest[header.count * 8 :][:digest_bytes]
    scan = memoryview(rest)[header.count * 8 + digest_bytes :]
    codes = _codes(path, header.count, header.dim)
    if isinstance(codes, CodesFile) and codes_bytes < _LEFT_FROM:
        if not _are_whole(codes, digests):
            raise ValueError("its codes are damaged")
        codes = codes[:]
    parsed = CompressedScan.from_bytes(scan, header.kind) if len(scan) else None
    return Snapshot(header, ids, codes, digests, parsed)


def _split(head: bytes) -> tuple[str, bytes]:
    """The authentication code and the JSON in a snapshot's first bytes."""
    if not head.startswith(_MAGIC):
        raise ValueError("it is no snapshot of this version")
    code, content = head[len(_MAGIC) :].split(b"\n")[:2]
    return code.decode("ascii"), content


def set_aside(path: Path, reason: str) -> None:
    """Renames a snapshot that is of no use, so that it is made anew and can be looked at."""
    bad = path.with_suffix(".bad")
    log.warning("set aside as %s and making it anew from the catalog: %s", bad, reason)
    with suppress(OSError):
        path.replace(bad)
