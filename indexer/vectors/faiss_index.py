"""VectorIndex on FAISS: exact inner product over half-precision codes, which is what the catalog stores.

Its snapshot on disk is a header and two plain arrays, not FAISS's own format: a file that is cut short, altered or made
by someone else fails a checksum or a length, and can do no more than that.
"""

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import faiss
import numpy as np

from indexer.vectors.base import Ids, Vectors

_MAGIC = b"sightline-vectors-1\n"

faiss.omp_set_num_threads(1)  # one query at a time is slower on several


@dataclass(frozen=True)
class SnapshotHeader:
    """What a snapshot says of itself; `sha256` is of all bytes behind the header.

    `fingerprint` names the catalog and the encoder whose vectors these are.
    """

    fingerprint: str
    dim: int
    count: int
    revision: int
    sha256: str


class FaissIndex:
    """A flat FAISS index. Not for concurrent use: `indexer.follow` holds the lock."""

    def __init__(self, dim: int) -> None:
        self.dim = dim
        self._flat = faiss.IndexScalarQuantizer(dim, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
        self._index = faiss.IndexIDMap(self._flat)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def ids(self) -> Ids:
        """The ids in the order of the codes."""
        return faiss.vector_to_array(self._index.id_map)

    def add(self, ids: Ids, vectors: Vectors) -> None:
        self.remove(ids)
        self._index.add_with_ids(np.ascontiguousarray(vectors, np.float32), np.ascontiguousarray(ids, np.int64))

    def remove(self, ids: Ids) -> None:
        if len(self) and len(ids):
            self._index.remove_ids(faiss.IDSelectorBatch(np.ascontiguousarray(ids, np.int64)))

    def search(self, query: Vectors, k: int, allowed: Sequence[int] | None = None) -> tuple[Vectors, Ids]:
        k = min(k, len(self))
        if k == 0 or (allowed is not None and not len(allowed)):
            return np.empty(0, np.float32), np.empty(0, np.int64)
        parameters = None
        if allowed is not None:
            selector = faiss.IDSelectorBatch(np.ascontiguousarray(allowed, np.int64))
            parameters = faiss.SearchParameters()
            parameters.sel = selector
        scores, ids = self._index.search(np.ascontiguousarray(query, np.float32)[None], k, params=parameters)
        found = ids[0] >= 0
        return scores[0][found], ids[0][found]

    def save(self, path: Path, fingerprint: str, revision: int) -> None:
        """Writes a snapshot, whole or not at all. Raises OSError."""
        body = self.ids.astype("<i8").tobytes() + faiss.vector_to_array(self._flat.codes).tobytes()
        header = SnapshotHeader(fingerprint, self.dim, len(self), revision, hashlib.sha256(body).hexdigest())
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(f".{os.getpid()}.part")
        try:
            with temporary.open("wb") as file:
                file.write(_MAGIC + json.dumps(asdict(header)).encode() + b"\n" + body)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)

    @classmethod
    def load(cls, path: Path, fingerprint: str, dim: int) -> "tuple[FaissIndex, int] | None":
        """The index in a snapshot and its revision; None when there is no whole one of this `fingerprint`."""
        try:
            content = path.read_bytes()
            header_end = content.index(b"\n", len(_MAGIC)) + 1
            header = SnapshotHeader(**json.loads(content[len(_MAGIC) : header_end]))
        except (OSError, ValueError, TypeError):
            return None
        body = memoryview(content)[header_end:]
        whole = content.startswith(_MAGIC) and hashlib.sha256(body).hexdigest() == header.sha256
        fits = (header.fingerprint, header.dim) == (fingerprint, dim) and len(body) == header.count * (8 + 2 * dim)
        if not whole or not fits:
            return None
        index = cls(dim)
        ids = np.frombuffer(body[: 8 * header.count], "<i8")
        codes = np.frombuffer(body[8 * header.count :], np.uint8).reshape(header.count, 2 * dim)
        index._flat.add_sa_codes(codes)
        faiss.copy_array_to_vector(ids, index._index.id_map)
        index._index.ntotal = header.count
        return index, header.revision
