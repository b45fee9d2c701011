import numpy as np
import pytest

from app.describe import Describe
from app.errors import NotFoundError, QueryError
from app.photos import stored_vectors
from app.services import Services
from app.vocabularies import read_lines


def test_probabilities_are_the_scaled_softmax_of_cosines(services: Services, ids: dict[str, int]) -> None:
    vector = stored_vectors(services.library, [ids["a.jpg"]])[1][0]
    texts = ["a cat", "a wall of colours", "a letter"]
    cosines = services.library.encoder.encode_texts(texts) @ vector
    wanted = np.exp(services.library.encoder.logit_scale * cosines.astype(np.float64))
    wanted /= wanted.sum()
    found = services.describe.by_captions(vector, texts)
    assert {d.text: d.probability for d in found} == pytest.approx(dict(zip(texts, wanted, strict=True)), abs=1e-4)
    assert [d.probability for d in found] == pytest.approx(sorted(wanted, reverse=True), abs=1e-4)


def test_a_vocabulary_of_ones_own_is_found_and_encoded_once(services: Services, ids: dict[str, int]) -> None:
    folder = services.library.settings.data_folder / "vocabularies"
    folder.mkdir(parents=True)
    (folder / "mine.txt").write_text("# my things\nlemon\n\nlemon\nlime\n")
    vector = stored_vectors(services.library, [ids["a.jpg"]])[1][0]
    first = services.describe.by_vocabulary(vector, "mine")
    assert {d.text for d in first} == {"lemon", "lime"}
    assert sum(d.probability for d in first) == pytest.approx(1, abs=1e-5)
    (kept,) = services.library.settings.vectors_folder.glob("texts-*.npy")
    assert Describe(services.library).by_vocabulary(vector, "mine") == first
    kept.write_bytes(b"cut short")
    assert Describe(services.library).by_vocabulary(vector, "mine") == first


def test_an_unknown_vocabulary_is_said_with_those_there_are(services: Services) -> None:
    with pytest.raises(NotFoundError, match="no vocabulary 'x': expected one of everyday"):
        services.describe.by_vocabulary(np.zeros(services.library.encoder.dim, np.float32), "x")


def test_no_captions_are_refused(services: Services) -> None:
    with pytest.raises(QueryError, match="expected 1 to 10,000 captions"):
        services.describe.by_captions(np.zeros(services.library.encoder.dim, np.float32), [" ", "# comment"])


def test_lines_are_read_once_each_in_order() -> None:
    assert read_lines(" b \na\n\nb\n# no\n") == ["b", "a"]
