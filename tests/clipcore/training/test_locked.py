"""Locked-tower training, whole, on small towers with random weights and pictures made here."""

import io
import json
import math
import tarfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from clipcore.errors import TrainingError
from clipcore.locked_pair import LockedPair
from clipcore.preprocess import Preprocessing
from clipcore.towers.borrowed import BorrowedImageTower, BorrowedTextTower
from clipcore.training.locked import train_pair
from clipcore.training.locked_recipe import LockedRecipe, Phase
from clipcore.training.state import load_weights

COLOURS = {"red": (220, 30, 30), "green": (30, 200, 40), "blue": (30, 40, 220), "yellow": (230, 220, 40)}
WORDS = ["[PAD]", "a", "photo", "of", "square", "wall", *COLOURS]
PREPROCESSING = Preprocessing(size=64, resize="squash")


class WordTokenizer:
    """Words to their places in a list; unknown words share one number."""

    context_length = 16

    def __call__(self, texts: list[str]) -> np.ndarray:
        rows = [[WORDS.index(w) if w in WORDS else len(WORDS) for w in text.split()][:16] or [1] for text in texts]
        longest = max(map(len, rows))
        return np.array([row + [0] * (longest - len(row)) for row in rows], dtype=np.int64)


class Embeddings(nn.Embedding):
    def forward(self, input_ids: Tensor) -> Tensor:
        return super().forward(input_ids)


class Layer(nn.Module):
    """One layer of attention with BERT's signature."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.query, self.value = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, states: Tensor, bias: Tensor) -> Tensor:
        weights = (self.query(states) @ states.transpose(1, 2) / states.shape[-1] ** 0.5 + bias[:, 0]).softmax(dim=-1)
        return states + self.value(weights @ states).tanh()


def small_pair() -> LockedPair:
    torch.manual_seed(0)
    width = 24
    bert = SimpleNamespace(
        embeddings=Embeddings(len(WORDS) + 1, width),
        encoder=SimpleNamespace(layer=nn.ModuleList(Layer(width) for _ in range(2))),
        config=SimpleNamespace(hidden_size=width),
    )
    recipe = small_recipe()
    image_tower = BorrowedImageTower("test_efficientnet").eval()
    return LockedPair(image_tower, BorrowedTextTower(bert, recipe.text_layers), recipe.head_shape)


def small_recipe(**changes: object) -> LockedRecipe:
    phases = (
        Phase(steps=40, batch_size=16, head_rate=3e-3),
        Phase(steps=8, batch_size=16, head_rate=1e-3, text_rate=1e-3, image_rate=1e-4),
    )
    return LockedRecipe(
        phases=phases, captioned_views=3, embed_dim=24, hidden=32, text_layers=1, average=0.9, rehearsal=0.1, **changes
    )  # type: ignore[arg-type]


def write_tar(path: Path, per_colour: int, seed: int) -> Path:
    """Noisy pictures, each of one colour, with a caption that names it."""
    rng = np.random.default_rng(seed)
    with tarfile.open(path, "w") as tar:
        for i in range(per_colour * len(COLOURS)):
            name = list(COLOURS)[i % len(COLOURS)]
            noise = rng.integers(-40, 40, (48, 56, 3))
            stream = io.BytesIO()
            Image.fromarray((np.array(COLOURS[name]) + noise).clip(0, 255).astype(np.uint8)).save(stream, "PNG")
            captions = json.dumps({"captions": [f"a photo of a {name} square", f"a {name} wall"]})
            for suffix, content in (("png", stream.getvalue()), ("json", captions.encode())):
                info = tarfile.TarInfo(f"{i:04}.{suffix}")
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return path


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    train, dev = write_tar(folder / "train.tar", 10, 0), write_tar(folder / "dev.tar", 3, 1)
    train_pair(
        small_pair(), WordTokenizer(), PREPROCESSING, small_recipe(), [train], dev, folder / "out", folder / "cache"
    )
    return folder


def metrics(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "out" / "metrics.jsonl").read_text().splitlines()]


def test_it_learns(run_folder: Path) -> None:
    """Twelve unseen pictures of four colours; chance would give 0.42 and 0.38, and a loss of log 16.

    Three pictures of a colour have the same captions, so at 1 no encoder could find more than a third.
    """
    last = metrics(run_folder)[-1]
    assert last["contrastive"] < 0.75 * math.log(16)
    assert last["t2i@5"] > 0.9
    assert last["i2t@5"] > 0.9


def test_the_run_says_what_made_it(run_folder: Path) -> None:
    recipe = json.loads((run_folder / "out" / "recipe.json").read_text())
    assert recipe["embed_dim"] == 24
    assert recipe["phases"][1]["text_rate"] == 1e-3
    assert not list((run_folder / "out").glob(".*")), "nothing half-written is left"


def test_the_saved_weights_are_those_that_were_trained(run_folder: Path) -> None:
    fresh, trained = small_pair(), small_pair()
    load_weights(trained, run_folder / "out")
    before, after = fresh.state_dict(), trained.state_dict()
    changed = {".".join(name.split(".")[:2]) for name in before if not before[name].equal(after[name])}
    assert {"image_tower.trunk", "text_tower.lower", "text_tower.embeddings"}.isdisjoint(changed), "locked parts moved"
    assert {"image_tower.last_stage", "text_tower.upper", "image_head.linear", "text_head.linear"} <= changed


def test_features_are_computed_once(run_folder: Path) -> None:
    files = {path: path.stat().st_mtime_ns for path in (run_folder / "cache").glob("*.npy")}
    assert len(files) == 2
    train, dev = run_folder / "train.tar", run_folder / "dev.tar"
    recipe = small_recipe()
    short = LockedRecipe(phases=(Phase(1, 8, 1e-3),), captioned_views=3, embed_dim=24, hidden=32, text_layers=1)
    assert recipe.captioned_views == short.captioned_views
    arguments = (small_pair(), WordTokenizer(), PREPROCESSING, short, [train], dev)
    train_pair(*arguments, run_folder / "again", run_folder / "cache")
    assert {path: path.stat().st_mtime_ns for path in (run_folder / "cache").glob("*.npy")} == files


def test_a_tar_without_texts_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "bare.tar"
    with tarfile.open(path, "w") as tar:
        stream = io.BytesIO()
        Image.new("RGB", (8, 8)).save(stream, "PNG")
        info = tarfile.TarInfo("0.png")
        info.size = len(stream.getvalue())
        tar.addfile(info, io.BytesIO(stream.getvalue()))
    arguments = (small_pair(), WordTokenizer(), PREPROCESSING, small_recipe(), [path], None)
    with pytest.raises(TrainingError, match="describes no picture"):
        train_pair(*arguments, tmp_path / "out", tmp_path / "cache")


@pytest.mark.parametrize("content", [b"", b"not a tar at all", b"\0" * 700])
def test_what_is_no_tar_is_one_line(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "broken.tar"
    path.write_bytes(content)
    arguments = (small_pair(), WordTokenizer(), PREPROCESSING, small_recipe(), [path], None)
    with pytest.raises(TrainingError) as caught:
        train_pair(*arguments, tmp_path / "out", tmp_path / "cache")
    assert "broken.tar" in str(caught.value) and "\n" not in str(caught.value)


def test_a_run_goes_on_from_another(run_folder: Path, tmp_path: Path) -> None:
    """One step at almost no rate leaves what was loaded; a fresh start would take the classes' vectors anew."""
    model, before = small_pair(), small_pair()
    load_weights(model, run_folder / "out")
    load_weights(before, run_folder / "out")
    barely = LockedRecipe(phases=(Phase(1, 8, 1e-9),), captioned_views=3, embed_dim=24, hidden=32, text_layers=1)
    arguments = (WordTokenizer(), PREPROCESSING, barely, [run_folder / "train.tar"], None)
    train_pair(model, *arguments, tmp_path / "on", run_folder / "cache", fresh=False)
    after = small_pair()
    load_weights(after, tmp_path / "on")
    for name, tensor in before.state_dict().items():
        assert after.state_dict()[name].allclose(tensor, atol=1e-5), name
