import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from indexer.vectors import snapshot as snapshots
from indexer.vectors.choice import Kind, Plan
from indexer.vectors.codes_file import CodesFile
from indexer.vectors.faiss_index import FaissIndex
from indexer.vectors.snapshot import Built, Owner, open_snapshot, read_header, write_snapshot
from tests.indexer.vectors.indexes import DIM, OWNER, compact, queries, unit


@pytest.fixture(scope="module", params=["exact", "rabitq", "ivf"])
def original(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("snapshot") / "x.vectors"
    index = FaissIndex(DIM, Plan(request.param))
    index.add(np.arange(2000)[::-1], unit(2000))
    compact(index, path, revision=7)
    return path


@pytest.fixture
def written(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(original, tmp_path))


def test_a_snapshot_comes_back_as_it_was(written: Path) -> None:
    opened = open_snapshot(written, OWNER)
    assert opened is not None
    assert opened.header.revision == 7
    assert opened.ids.tolist() == list(range(2000))
    assert (opened.codes == unit(2000)[::-1].astype(np.float16)).all()
    index = FaissIndex(DIM, Plan(opened.header.chosen), opened)
    assert index.kind == opened.header.chosen
    assert not index.wants_compaction
    index.add(np.array([5000]), unit(1, seed=9))
    index.remove(np.array([0]))
    assert len(index) == 2000


def test_tells_the_recall_that_was_measured(written: Path) -> None:
    header = read_header(written)
    assert header is not None
    if header.kind is Kind.EXACT:
        assert header.reach is None
    else:
        assert header.reach is not None
        assert header.reach.recall >= 0.99
        assert header.reach.queries == 60


FAULTS = {
    "empty": lambda content: b"",
    "cut": lambda content: content[:-10],
    "cut to its header": lambda content: content[:4096],
    "longer": lambda content: content + b"\0",
    "a code flipped": lambda content: _flip(content, 4096 + 1000),
    "an id flipped": lambda content: _flip(content, 4096 + 2000 * DIM * 2 + 80),
    "the scan flipped": lambda content: _flip(content, len(content) - 1),
    "the header flipped": lambda content: _flip(content, 120),
    "zeros": lambda content: b"\0" * len(content),
    "an older version's": lambda content: b"sightline-vectors-1\n" + content[20:],
    "FAISS's own": lambda content: b"IxSQ" + content[4:],
}


def _flip(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_damaged_snapshot_is_set_aside(written: Path, fault: str, caplog: pytest.LogCaptureFixture) -> None:
    damaged = FAULTS[fault](written.read_bytes())
    written.write_bytes(damaged)
    assert open_snapshot(written, OWNER) is None
    assert not written.exists()
    assert written.with_suffix(".bad").read_bytes() == damaged
    assert "set aside" in caplog.text


@pytest.mark.parametrize("owner", [Owner("other", "encoder", DIM), Owner("catalog", "other", DIM)])
def test_a_snapshot_of_another_is_not_used(written: Path, owner: Owner) -> None:
    assert open_snapshot(written, owner) is None


def test_a_hostile_file_is_never_parsed(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever can write the file but does not know the catalog cannot make FAISS read his bytes."""
    forger = Owner("guessed", OWNER.encoder, OWNER.dim)
    write_snapshot(written, forger, 1, [(np.arange(3), unit(3).astype(np.float16))], lambda codes: Built(Kind.EXACT))
    monkeypatch.setattr("faiss.deserialize_index", lambda *_: pytest.fail("parsed"))
    assert open_snapshot(written, OWNER) is None


def test_large_codes_are_left_in_the_file_and_checked_later(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "_LEFT_FROM", 0)
    opened = open_snapshot(written, OWNER)
    assert opened is not None
    assert opened.is_in_file
    assert opened.codes_are_whole()
    written.write_bytes(_flip(written.read_bytes(), 4096 + 1000))
    opened = open_snapshot(written, OWNER)
    assert opened is not None
    assert not opened.codes_are_whole()


@pytest.mark.parametrize("read_through", [False, True])
def test_rows_in_a_file_that_becomes_shorter_are_an_error_not_the_end(tmp_path: Path, read_through: bool) -> None:
    """Mapped, they ended the process (SIGBUS)."""
    codes, path = unit(2000).astype(np.float16), tmp_path / "codes"
    path.write_bytes(b"head" + codes.tobytes())
    rows = CodesFile(path, 4, 2000, DIM)
    if read_through:
        assert b"".join(block.tobytes() for block in rows.blocks(1000)) == codes.tobytes()
    for some in (slice(10, 500), slice(7, 7), slice(None), np.array([1999, 3, 3]), np.empty(0, np.int64)):
        assert (rows[some] == codes[some]).all()
        assert rows[some].shape == codes[some].shape
    os.truncate(path, 4096 + 4)
    for some in (slice(None), np.array([1999])):
        with pytest.raises(OSError, match="shorter"):
            rows[some]


def test_the_last_good_snapshot_outlives_a_failed_write(written: Path) -> None:
    before = written.read_bytes()

    def fail(codes: object) -> Built:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_snapshot(written, OWNER, 8, [(np.arange(3), unit(3).astype(np.float16))], fail)
    assert written.read_bytes() == before
    assert not list(written.parent.glob("*.part"))


def test_two_processes_do_not_write_one_snapshot(written: Path) -> None:
    def again(codes: object) -> Built:
        write_snapshot(written, OWNER, 9, [], lambda codes: Built(Kind.EXACT))
        return Built(Kind.EXACT)

    with pytest.raises(OSError):
        write_snapshot(written, OWNER, 8, [(np.arange(3), unit(3).astype(np.float16))], again)
    opened = open_snapshot(written, OWNER)
    assert opened is not None
    assert opened.header.revision == 7


def test_what_changes_during_a_compaction_is_kept(tmp_path: Path) -> None:
    index = FaissIndex(DIM, Plan("rabitq"))
    index.add(np.arange(2000), unit(2000))
    compact(index, tmp_path / "x.vectors")
    compaction = index.begin_compaction()
    assert not index.wants_compaction
    index.remove(np.array([3, 5]))
    index.add(np.array([7, 9000]), unit(2, seed=20))
    snapshot = compaction.write(tmp_path / "x.vectors", OWNER, 2, queries)
    assert snapshot is not None
    assert snapshot.ids.tolist() == list(range(2000))
    index.adopt(snapshot)
    assert len(index) == 1999
    assert not {3, 5} & set(index.search(unit(1)[0], 3000)[1].tolist())
    for vector, wanted in zip(unit(2, seed=20), (7, 9000), strict=True):
        assert index.search(vector, 1)[1].tolist() == [wanted]


def test_codes_of_many_blocks_are_checked_block_by_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "_BLOCK", 1000)
    rows = [(np.arange(i, i + 10), unit(10, seed=i).astype(np.float16)) for i in range(0, 200, 10)]
    path = tmp_path / "x.vectors"
    write_snapshot(path, OWNER, 1, rows, lambda codes: Built(Kind.EXACT))
    opened = open_snapshot(path, OWNER)
    assert opened is not None
    assert len(opened.digests) == 32 * -(-200 * DIM * 2 // 1000)
    path.write_bytes(_flip(path.read_bytes(), 4096 + 200 * DIM * 2 - 1))
    assert open_snapshot(path, OWNER) is None
    assert "x.bad" in os.listdir(tmp_path)
