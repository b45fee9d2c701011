import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from clipcore.compositional.generated import CompositionalSet
from clipcore.pairs.webdataset import read_pairs
from tests.clipcore.commands.conftest import RunCommand


def test_writes_tars_that_are_read_as_pairs(command: RunCommand, tmp_path: Path) -> None:
    done = command("compositional", "--out", tmp_path / "one", "--train", 6, "--test", 3, "--size", 32)
    assert done.status == 0
    names = ["train-00000.tar", "familiar-00000.tar", "held-out-00000.tar"]
    assert done.out.split() == [str(tmp_path / "one" / name) for name in names]
    pairs = list(read_pairs(tmp_path / "one" / "train-00000.tar"))
    generated = CompositionalSet(size=32)
    for i, pair in enumerate(pairs):
        sample = generated.sample("train", i)
        assert pair.captions == (sample.caption,)
        assert np.array_equal(np.asarray(pair.open()), np.asarray(sample.image))
    assert len(pairs) == 6 and len(list(read_pairs(tmp_path / "one" / "held-out-00000.tar"))) == 3


def test_the_same_seed_writes_the_same_bytes(command: RunCommand, tmp_path: Path) -> None:
    for name, seed in (("one", 5), ("two", 5), ("three", 6)):
        command("compositional", "--out", tmp_path / name, "--train", 4, "--test", 0, "--size", 32, "--seed", seed)
    one, two, three = ((tmp_path / n / "train-00000.tar").read_bytes() for n in ("one", "two", "three"))
    assert one == two != three
    assert json.dumps(sorted(p.name for p in (tmp_path / "one").iterdir())) == '["train-00000.tar"]'


def test_a_full_disk_is_one_line_and_leaves_nothing_half_written(
    command: RunCommand, small_disk: Callable[..., Path]
) -> None:
    out = small_disk("64k")
    done = command("compositional", "--out", out, "--train", 60, "--test", 0, "--size", 48)
    assert done.status == 1 and done.err.splitlines()[-1].startswith(f"error: cannot write into {out}: No space left")
    assert not list(out.iterdir())
