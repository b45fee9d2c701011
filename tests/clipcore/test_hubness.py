"""The correction of hubs: the corrected bundle's cosines are CSLS / 4 of the plain bundle's vectors."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clipcore import load_encoder
from clipcore.bundle import Bundle
from clipcore.errors import BundleError, TrainingError
from clipcore.evaluation.datasets import DataSet
from clipcore.hubness import NEIGHBOURS, correct_hubs, draw_bank, draw_labelled
from clipcore.runtimes.base import Vectors
from tests.clipcore.tars import write_tar

ASKED = ["a cat", "two dogs in the snow", "an old map of the harbour"]


@pytest.fixture(scope="module")
def tar(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty captioned pictures of noise."""
    rng = np.random.default_rng(3)
    files: dict[str, bytes] = {}
    for number in range(20):
        stream = io.BytesIO()
        Image.fromarray(rng.integers(0, 256, (9, 9, 3), dtype=np.uint8)).resize((64, 64)).save(stream, "PNG")
        files[f"{number:02}.png"] = stream.getvalue()
        files[f"{number:02}.json"] = json.dumps({"captions": [f"picture number {number}", "another caption"]}).encode()
    return write_tar(tmp_path_factory.mktemp("bank") / "bank.tar", files)


@pytest.fixture(scope="module")
def corrected(small_bundle: Path, tar: Path, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return correct_hubs(Bundle.read(small_bundle), [tar], tmp_path_factory.mktemp("corrected") / "bundle", bank=16)


def nearness(vectors: Vectors, bank: Vectors) -> Vectors:
    """The mean cosine of each vector to its nearest in the bank, by the definition."""
    return np.sort(vectors @ bank.T, axis=1)[:, -NEIGHBOURS:].mean(axis=1)


def test_cosines_are_csls(small_bundle: Path, corrected: Bundle, tar: Path, pictures: list[Image.Image]) -> None:
    plain, better = load_encoder(small_bundle), load_encoder(corrected.folder)
    bank = draw_bank([tar], 16)
    bank_images = plain.encode_images([pair.open() for pair in bank])
    bank_texts = plain.encode_texts([pair.captions[0] for pair in bank])
    images, texts = plain.encode_images(pictures), plain.encode_texts(ASKED)
    r_images, r_texts = nearness(images, bank_texts), nearness(texts, bank_images)
    csls = 2 * texts @ images.T - r_texts.clip(0, 1)[:, None] - r_images.clip(0, 1)[None]

    given = better.encode_texts(ASKED) @ better.encode_images(pictures).T
    np.testing.assert_allclose(given, csls / 4, atol=2e-4)


def test_labelled_pictures_stand_beside_captioned_ones_for_texts(
    small_bundle: Path, corrected: Bundle, tar: Path, tmp_path: Path, pictures: list[Image.Image]
) -> None:
    for name in ("a cat", "a dog"):
        (tmp_path / "classes" / name).mkdir(parents=True)
        for number, picture in enumerate(pictures):
            picture.save(tmp_path / "classes" / name / f"{number}.png")
    data = DataSet(tmp_path / "classes", only="a cat")
    bundle = correct_hubs(Bundle.read(small_bundle), [tar], tmp_path / "bundle", bank=16, labelled=data)
    plain, better = load_encoder(small_bundle), load_encoder(bundle.folder)
    known = [pair.open() for pair in draw_bank([tar], 16)] + [example.open() for example in draw_labelled(data, 16)]
    assert len(known) == 16 + min(len(pictures), 16)

    near = nearness(plain.encode_texts(ASKED), plain.encode_images(known))
    np.testing.assert_allclose(better.encode_texts(ASKED)[:, -3], -near.clip(0, 1) / 2, atol=2e-4)
    before = load_encoder(corrected.folder).encode_images(pictures)
    np.testing.assert_array_equal(better.encode_images(pictures), before)


def test_a_data_set_without_labels_is_refused(small_bundle: Path, tar: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="has no pictures with a label"):
        correct_hubs(Bundle.read(small_bundle), [tar], tmp_path / "out", bank=16, labelled=DataSet(tar))


def test_its_vectors_are_vectors_like_any_other(
    small_bundle: Path, corrected: Bundle, pictures: list[Image.Image]
) -> None:
    plain, better = load_encoder(small_bundle), load_encoder(corrected.folder)
    images, texts = better.encode_images(pictures), better.encode_texts(ASKED)
    assert images.shape == (len(pictures), better.dim) and better.dim == plain.dim + 4
    np.testing.assert_allclose(np.linalg.norm(images, axis=1), 1, atol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(texts, axis=1), 1, atol=1e-4)
    assert better.fingerprint != plain.fingerprint
    assert better.logit_scale == pytest.approx(2 * plain.logit_scale)

    before = plain.encode_images(pictures) @ plain.encode_images(pictures).T
    after = images @ images.T
    np.testing.assert_allclose(2 * after - 1, before, atol=0.05)  # pictures stay as alike as they were


def test_the_bank_is_as_much_of_each_tar_and_the_same_every_time(tar: Path) -> None:
    drawn = draw_bank([tar, tar], 10)
    assert len(drawn) == 10
    assert [pair.key for pair in drawn] == [pair.key for pair in draw_bank([tar, tar], 10)]


def test_too_few_pictures_are_refused(small_bundle: Path, tar: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="9 captioned pictures, expected at least 10"):
        correct_hubs(Bundle.read(small_bundle), [tar], tmp_path / "out", bank=9)
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_there_is_kept(small_bundle: Path, tar: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="exists already"):
        correct_hubs(Bundle.read(small_bundle), [tar], tmp_path)
