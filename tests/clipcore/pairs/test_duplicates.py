import io
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest
from PIL import Image

from clipcore.pairs.candidates import gather
from clipcore.pairs.deduplicate import drop_duplicates
from clipcore.pairs.duplicates import LOOKS_KEYS, close, later_equals, later_neighbours, looks_key
from clipcore.pairs.filters import Filters, keep_good
from clipcore.pairs.signatures import minhashes, text_hash
from clipcore.pairs.words import words_of
from tests.clipcore.pairs.conftest import picture
from tests.clipcore.pairs.test_stages import keys
from tests.clipcore.tars import write_tar


@pytest.mark.parametrize("limit", [7, 1_000_000])
def test_later_equals_are_those_a_set_would_find(limit: int) -> None:
    keys_of = np.random.default_rng(0).integers(0, 60, 100, dtype=np.uint64)
    marks = np.zeros(100, bool)
    later_equals(lambda: iter(np.split(keys_of, [30, 31, 80])), marks, limit)
    seen: set[int] = {0}  # no key
    for key, marked in zip(keys_of.tolist(), marks.tolist(), strict=True):
        assert marked == (key in seen and key != 0)
        seen.add(key)


@pytest.mark.parametrize("limit", [50, 1_000_000])
def test_every_hash_within_three_bits_of_an_earlier_one_is_found(limit: int) -> None:
    rng = np.random.default_rng(0)
    looks = rng.integers(1, 2**63, 300, dtype=np.uint64)
    for copy in range(200, 300):  # of the first hundred, with none to five bits flipped
        flipped = rng.choice(64, copy % 6, replace=False)
        looks[copy] = looks[copy - 200] ^ np.bitwise_or.reduce(np.uint64(1) << flipped.astype(np.uint64), initial=0)
    marks = np.zeros(300, bool)
    for number in range(LOOKS_KEYS):
        later_neighbours(lambda n=number: iter([looks_key(looks, n)]), close(looks, np.zeros_like(looks)), marks, limit)  # type: ignore[misc]
    apart = np.bitwise_count(looks[:, None] ^ looks[None, :])
    expected = [bool((apart[i, :i] <= 3).any()) for i in range(300)]
    assert marks.tolist() == expected and sum(expected) >= 66


def test_text_hashes_see_words_alone() -> None:
    def hashed(*captions: str) -> int:
        return text_hash([words_of(caption) for caption in captions])

    assert hashed("A dog, running.") == hashed("a DOG running")
    assert hashed("a dog", "a cat") == hashed("a cat", "A dog!")
    assert hashed("a dog running") != hashed("running a dog")


def test_minhashes_estimate_jaccard() -> None:
    words = [f"word{n}" for n in range(100)]
    texts: list[list[list[str]]] = [[words], [[*words[:90], *["other"] * 10]], [[f"x{n}" for n in range(100)]], [[]]]
    same, near, far = (float((minhashes(texts)[0] == other).mean()) for other in minhashes(texts)[:3])
    assert (same, far) == (1.0, 0.0) and 0.6 < near < 0.98


def swapped(encoded: bytes) -> bytes:
    """The picture with its red and blue changed round, as bright everywhere in grey as nearly as can be."""
    stream = io.BytesIO()
    with Image.open(io.BytesIO(encoded)) as image:
        grey = image.convert("L")
        Image.merge("RGB", (grey, grey, grey.point(lambda value: 255 - value // 8))).save(stream, "PNG")
    return stream.getvalue()


def test_the_first_of_each_kind_of_duplicate_stays(tmp_path: Path) -> None:
    long = "a brown dog runs over a green meadow towards its owner in the late afternoon sun of an autumn day"
    files: dict[str, bytes] = {}
    for name, (content, caption) in {
        "first": (picture(1), long),
        "same-file": (picture(1), "quite another caption"),
        "recompressed": (picture(1, format="JPEG"), "and yet another one"),
        "smaller": (picture(1, (160, 120)), "one more caption here"),
        "same-text": (picture(2), long.upper() + "!"),
        "near-text": (picture(3), long + " 2019"),
        "other": (picture(4), "a cat that sleeps on a sofa"),
        "other-colour": (swapped(picture(4)), "a blue cat that does not sleep"),
    }.items():
        files |= {f"{name}.png": content, f"{name}.txt": caption.encode()}
    gather([write_tar(tmp_path / "a.tar", files)], tmp_path / "in", part=2)
    keep_good(tmp_path / "in", tmp_path / "good", Filters())
    counted = drop_duplicates(tmp_path / "good", tmp_path / "out")
    assert keys(tmp_path / "out") == ["first", "other", "other-colour"]
    assert counted.skipped.names == {
        "the same file": ["same-file"],
        "near-copies of a picture": ["recompressed", "smaller"],
        "the same text": ["same-text"],
        "near-copies of a text": ["near-text"],
    }
    by_image = drop_duplicates(tmp_path / "good", tmp_path / "image", by=("image",))
    assert (by_image.taken, by_image.kept) == (8, 5)
    assert set(pyarrow.parquet.read_table(next((tmp_path / "out").glob("*.parquet"))).column_names) >= {"looks"}


def test_pairs_known_by_url_have_no_pictures_to_compare(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("url,caption\nu1,a dog\nu2,a cat\nu3,A dog.\n")
    gather([tmp_path / "t.csv"], tmp_path / "in")
    counted = drop_duplicates(tmp_path / "in", tmp_path / "out")
    assert counted.skipped.counts == {"the same text": 1}
