from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from indexer.errors import CatalogError, VectorsError
from indexer.folders import add_folder
from indexer.follow import FollowedIndex, describe_vectors, follow
from indexer.follow_qdrant import FollowedQdrant
from indexer.ingest import ingest
from indexer.library import Library
from indexer.settings import load_settings
from indexer.vectors.qdrant_index import QdrantIndex, connect
from tests.conftest import on_both_databases, paint


@pytest.fixture
def remote(own_home: Path, tmp_path: Path) -> Iterator[Library]:
    opened = Library(load_settings(batch_size=4, vectors=str(tmp_path / "qdrant")))
    yield opened
    opened.close()


def everything(index: FollowedQdrant, library: Library) -> set[int]:
    return set(index.search(library.encoder.encode_texts(["anything"])[0], 1000)[1].tolist())


@on_both_databases
def test_follows_the_catalog_deletions_included(remote: Library, folder: Path) -> None:
    index = follow(remote)
    assert isinstance(index, FollowedQdrant)
    assert index.catch_up() == 0
    row, _ = add_folder(remote.catalog, folder)
    ingest(remote, row)
    assert everything(index, remote) == {1, 2, 3, 4, 5}
    (folder / "a.jpg").unlink()
    paint(folder / "new.png", 71)
    ingest(remote, row)
    assert index.settle() == 5
    assert len(everything(index, remote)) == 5


def test_finds_what_the_embedded_index_finds(remote: Library, folder: Path) -> None:
    ingest(remote, add_folder(remote.catalog, folder)[0])
    query = remote.encoder.encode_texts(["a red square"])[0]
    scores, ids = FollowedQdrant(remote).search(query, 3, allowed=[1, 3, 4, 5])
    wanted_scores, wanted = FollowedIndex(remote).search(query, 3, allowed=[1, 3, 4, 5])
    assert ids.tolist() == wanted.tolist()
    assert scores == pytest.approx(wanted_scores, abs=1e-3)


def test_a_collection_goes_on_from_where_it_was(remote: Library, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ingest(remote, add_folder(remote.catalog, folder)[0])
    index = FollowedQdrant(remote)
    index.catch_up()
    index._index._client.close()  # local mode lets one client at a time into its folder
    monkeypatch.setattr(QdrantIndex, "add", lambda *_: pytest.fail("added again"))
    again = FollowedQdrant(remote)
    assert again.catch_up() == 5
    assert again._index.revision == remote.catalog.revision()


def test_a_catalog_restored_from_an_older_copy_is_followed(remote: Library, folder: Path) -> None:
    index = FollowedQdrant(remote)
    ingest(remote, add_folder(remote.catalog, folder)[0])
    index._index.add(np.array([99]), np.ones((1, remote.encoder.dim), np.float32))
    index._index.revision = 1_000
    assert everything(index, remote) == {1, 2, 3, 4, 5}


def test_an_address_that_does_not_answer_is_said_in_one_line() -> None:
    library = Library(load_settings(vectors="http://localhost:9"))
    with pytest.raises(VectorsError, match="Qdrant at http://localhost:9, collection sightline-.*: .*refused"):
        follow(library)
    assert describe_vectors(library) == "Qdrant at http://localhost:9"
    library.close()


def test_a_place_for_vectors_that_is_none_is_refused() -> None:
    with pytest.raises(CatalogError, match=r"SIGHTLINE_VECTORS\): expected faiss, or .*6333; got 'fiass'"):
        load_settings(vectors="fiass")


def test_several_clients_may_share_a_name_not_a_collection() -> None:
    client = connect(":memory:")
    one, other = QdrantIndex(client, "one", 8), QdrantIndex(client, "other", 8)
    one.add(np.array([1, 2]), np.eye(8, dtype=np.float32)[:2])
    assert (len(one), len(other)) == (2, 0)
