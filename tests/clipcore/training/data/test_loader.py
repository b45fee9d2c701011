"""Batches: the same whoever decodes them, whole when a pair is damaged."""

from itertools import islice
from pathlib import Path

import pytest

from clipcore.errors import TrainingError
from clipcore.pairs.skipped import Skipped
from clipcore.preprocess import Preprocessing
from clipcore.tokenizer import BytePairTokenizer
from clipcore.training.data.loader import CHUNK, Batch, Loader, Reader, Share
from clipcore.training.data.pairs import TrainingPairs
from tests.clipcore.tars import write_tar
from tests.clipcore.training.conftest import pair_files, picture

TOKENIZER = BytePairTokenizer(16)


def loader(tar: Path, batch_size: int = 8, workers: int = 0, share: Share | None = None) -> Loader:
    pairs = TrainingPairs.read([str(tar)], Skipped())
    reader = Reader(pairs, Preprocessing(size=32), TOKENIZER, seed=0, random_crop=True)
    return Loader(reader, batch_size, window=4, workers=workers, share=share or Share())


def same(a: Batch, b: Batch) -> bool:
    return a.keys == b.keys and a.captions == b.captions and a.pixels.equal(b.pixels) and a.tokens.equal(b.tokens)


def test_a_batch_is_the_same_from_processes_and_from_any_step_on(pairs_tar: Path) -> None:
    alone = list(islice(loader(pairs_tar).batches(), 8))
    helped = list(islice(loader(pairs_tar, workers=2).batches(), 8))
    later = list(islice(loader(pairs_tar).batches(6), 2))
    assert all(map(same, alone, helped))
    assert all(map(same, alone[6:], later))
    assert alone[0].pixels.shape == (8, 32, 32, 3)
    assert alone[0].tokens.shape == (8, 16)


def test_pixels_and_captions_belong_together_and_change_from_pass_to_pass(pairs_tar: Path) -> None:
    first, *_, again = islice(loader(pairs_tar, 40).batches(), 4)
    for key, caption in zip(first.keys, first.captions, strict=True):
        assert caption.startswith(picture(int(key))[1])
    crops = [dict(zip(batch.keys, batch.pixels, strict=True)) for batch in (first, again)]
    moved = sum(not crops[0][key].equal(crops[1][key]) for key in crops[0])
    assert moved > 20, "the square is cut anew in each pass"
    drawn = [dict(zip(batch.keys, batch.captions, strict=True)) for batch in (first, again)]
    assert drawn[0] != drawn[1], "and another caption drawn"


def test_shares_make_up_the_batch(pairs_tar: Path) -> None:
    whole = next(loader(pairs_tar).batches())
    shares = [next(loader(pairs_tar, share=Share(rank, 2)).batches()) for rank in range(2)]
    assert tuple(key for pair in zip(shares[0].keys, shares[1].keys, strict=True) for key in pair) == whole.keys
    assert shares[1].pixels.equal(whole.pixels[1::2])


def test_a_batch_of_several_chunks_is_joined(pairs_tar: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = next(loader(pairs_tar, 20).batches())
    monkeypatch.setattr("clipcore.training.data.loader.CHUNK", 8)
    assert CHUNK == 256
    assert same(next(loader(pairs_tar, 20).batches()), whole)


def test_a_damaged_pair_is_named_and_another_takes_its_place(tmp_path: Path) -> None:
    files = pair_files(16)
    files["0003.png"] = files["0003.png"][:100]
    files["0005.png"] = b"not a picture"
    batches = list(islice(loader(write_tar(tmp_path / "damaged.tar", files), 16).batches(), 2))
    for batch in batches:
        assert len(batch.keys) == 16
        assert {"0003", "0005"}.isdisjoint(batch.keys)
        named = dict(batch.skipped)
        assert set(named) == {"0003", "0005"}
        assert "not a picture" in named["0005"]
        assert "cannot decode the picture" in named["0003"]


@pytest.mark.parametrize("workers", [0, 1])
def test_nothing_but_damage_stops_with_one_line(workers: int, tmp_path: Path) -> None:
    tar = write_tar(tmp_path / "a.tar", {"1.png": b"?", "1.txt": b"one", "2.png": b"?", "2.txt": b"two"})
    with pytest.raises(TrainingError, match=r"^100 pairs one after another cannot be used, the last one .*$") as caught:
        next(loader(tar, 2, workers).batches())
    assert "\n" not in str(caught.value)
