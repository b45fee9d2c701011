import time
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from sqlalchemy import update

from app.describe import Describe
from app.errors import NotFoundError, QueryError
from app.kinds import families
from app.likelihood import TEMPLATES, shipped_vectors
from app.photos import stored_vectors
from app.services import Services
from app.vocabularies import made_once, read_lines, read_own
from clipcore.zeroshot import class_vectors
from indexer.catalog import PhotoMetadata
from indexer.library import Library
from indexer.vectors.base import Vectors


def test_probabilities_are_the_scaled_softmax_of_cosines(services: Services, ids: dict[str, int]) -> None:
    vector = stored_vectors(services.library, [ids["a.jpg"]])[1][0]
    texts = ["a cat", "a wall of colours", "a letter"]
    cosines = services.library.encoder.encode_texts(texts) @ vector
    wanted = np.exp(services.library.encoder.logit_scale * cosines.astype(np.float64))
    wanted /= wanted.sum()
    found = services.describe.by_captions(vector, texts)
    assert {d.text: d.probability for d in found} == pytest.approx(dict(zip(texts, wanted, strict=True)), abs=1e-4)
    assert [d.probability for d in found] == pytest.approx(sorted(wanted, reverse=True), abs=1e-4)


def _vector(services: Services, ids: dict[str, int]) -> Vectors:
    return stored_vectors(services.library, [ids["a.jpg"]])[1][0]


def test_a_vocabulary_of_ones_own_is_found_and_encoded_once(services: Services, ids: dict[str, int]) -> None:
    folder = services.library.settings.data_folder / "vocabularies"
    folder.mkdir(parents=True)
    (folder / "mine.txt").write_text("# my things\nlemon\n\nlemon\nlime\n")
    first = services.describe.by_vocabulary(_vector(services, ids), "mine")
    assert {d.text for d in first} == {"lemon", "lime"}
    (kept,) = services.library.settings.vectors_folder.glob("texts-*.npy")
    assert Describe(services.library).by_vocabulary(_vector(services, ids), "mine") == first
    kept.write_bytes(b"cut short")
    assert Describe(services.library).by_vocabulary(_vector(services, ids), "mine") == first


def test_a_tag_with_its_kinds_is_as_probable_as_all_of_them_together(services: Services, ids: dict[str, int]) -> None:
    vector = _vector(services, ids)
    tags = services.describe.tags_of("broad")
    (likely,) = services.describe.likelihood.probabilities(services.describe.encoded(tags), vector[None])
    places = [i for i, tag in enumerate(tags) if tag.text == "dog" or tag.parent == "dog"]
    found = {d.text: d for d in services.describe.by_vocabulary(vector, k=5_000)}
    assert len(places) > 50 and "poodle" not in found
    assert found["dog"].probability == pytest.approx(1 - np.prod(1 - likely[places].astype(float)), rel=1e-4)
    assert all(kind.probability <= d.probability for d in found.values() for kind in d.kinds)
    order = [d.probability for d in services.describe.by_vocabulary(vector, k=5_000)]
    assert order == sorted(order, reverse=True)


def test_lists_of_ones_own_hold_kinds_and_come_from_a_file_or_a_folder(
    services: Services, ids: dict[str, int], tmp_path: Path
) -> None:
    (tmp_path / "birds.txt").write_text("owl\n  barn owl\n  snowy owl\nheron\n")
    (tmp_path / "rooms.txt").write_text("kitchen\nattic\n")
    vector = _vector(services, ids)
    birds = {
        d.text: {kind.text for kind in d.kinds}
        for d in services.describe.by_tags(vector, read_own(tmp_path / "birds.txt"))
    }
    assert birds == {"owl": {"barn owl", "snowy owl"}, "heron": set()}
    both = services.describe.by_tags(vector, services.describe.tags_at(str(tmp_path)))
    assert {(d.text, d.group) for d in both} == {
        ("owl", "birds"),
        ("heron", "birds"),
        ("kitchen", "rooms"),
        ("attic", "rooms"),
    }
    with pytest.raises(QueryError, match="expected 1 to 20,000 tags"):
        read_own((tmp_path / "empty").mkdir() or tmp_path / "empty")
    with pytest.raises(NotFoundError, match="neither one that is known, nor a file"):
        read_own(tmp_path / "none.txt")


def test_kinds_of_kinds_stand_below_the_most_general(tmp_path: Path) -> None:
    (tmp_path / "dogs.txt").write_text("dog\n  poodle\npoodle\n  toy poodle\ncat\n")
    assert families(read_own(tmp_path / "dogs.txt")) == {0: [1, 2], 3: []}


def test_captions_of_the_library_are_candidates(services: Services, ids: dict[str, int]) -> None:
    vector = _vector(services, ids)
    with pytest.raises(NotFoundError, match="no photo of the library has a caption"):
        services.describe.by_library(vector)
    with services.library.catalog.writing() as (session, _):
        for name, caption in (("b.png", "a quilt"), ("d.jpg", "a harbour at night")):
            session.execute(update(PhotoMetadata).where(PhotoMetadata.photo_id == ids[name]).values(caption=caption))
    found = services.describe.by_library(vector)
    assert {d.text for d in found} == {"a quilt", "a harbour at night"}
    assert sum(d.probability for d in found) == pytest.approx(1, abs=1e-5)


def test_what_ships_of_the_starter_is_what_it_makes(services: Services) -> None:
    """When this fails, the starter or the vocabulary has changed: python data/tag_vectors.py."""
    encoder = services.library.encoder
    tags = services.describe.tags_of("broad")
    shipped = shipped_vectors(encoder.fingerprint, tags)
    assert shipped is not None
    some = slice(7, 5_000, 400)
    made = class_vectors(encoder, [tag.text for tag in tags[some]], TEMPLATES)
    assert (made * shipped.vectors[some]).sum(axis=1) == pytest.approx(1, abs=5e-3)  # 8 bits


def test_two_processes_make_vectors_once(library: Library) -> None:
    made = []

    def make() -> Vectors:
        made.append(1)
        time.sleep(0.2)
        return np.ones((3, library.encoder.dim), np.float32)

    threads = [Thread(target=made_once, args=(library, "texts", ["x"], 3, make)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [1]


def test_an_unknown_vocabulary_is_said_with_those_there_are(services: Services) -> None:
    with pytest.raises(NotFoundError, match="no vocabulary 'x': expected one of broad, everyday"):
        services.describe.by_vocabulary(np.zeros(services.library.encoder.dim, np.float32), "x")


def test_no_captions_are_refused(services: Services) -> None:
    with pytest.raises(QueryError, match="expected 1 to 10,000 captions"):
        services.describe.by_captions(np.zeros(services.library.encoder.dim, np.float32), [" ", "# comment"])


def test_lines_are_read_once_each_in_order() -> None:
    assert read_lines(" b \na\n\nb\n# no\n") == ["b", "a"]
