"""Which graphs take the exact ones' place: those that agree and are faster, and any that was demanded."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from clipcore import accelerate
from clipcore.accelerate import choose_image_graph, choose_text_graph
from clipcore.agreement import Agreement, agreement, check_set
from clipcore.architectures import Architecture, TextShape, ViTShape
from clipcore.clip import CLIP
from clipcore.export import export_clip
from clipcore.load import load_encoder
from clipcore.preprocess import Preprocessing
from clipcore.runtimes.onnx_runtime import IMAGES_AT_ONCE, Graph
from clipcore.tokenizer import BytePairTokenizer

SIZE = 64


@pytest.fixture(scope="module")
def clip() -> CLIP:
    """Wide enough that 8 bits save time."""
    torch.manual_seed(0)
    vision = ViTShape(image_size=SIZE, patch_size=16, width=256, layers=2, heads=4, mlp_width=1024)
    text = TextShape(width=128, layers=2, heads=2)
    shape = Architecture(name="wide", embed_dim=64, vision=vision, text=text, activation="gelu")
    return CLIP(shape).eval().requires_grad_(False)


@pytest.fixture
def exact(clip: CLIP, tmp_path: Path) -> Path:
    return export_clip(clip, Preprocessing(size=SIZE), tmp_path / "exact", "wide").folder


def test_what_is_exact_stays(exact: Path) -> None:
    before = (exact / "image.onnx").read_bytes()
    assert choose_image_graph(exact / "image.onnx", Preprocessing(size=SIZE), "fp32").precision == "fp32"
    assert (exact / "image.onnx").read_bytes() == before


def test_what_does_not_agree_is_not_taken(exact: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accelerate, "agreement", lambda a, b: replace(agreement(a, b), cosine=0.99))
    before = (exact / "image.onnx").read_bytes()
    choice = choose_image_graph(exact / "image.onnx", Preprocessing(size=SIZE), "auto")
    assert choice.precision == "fp32" and not choice.one_a_run
    assert len(choice.tried) == 2 and "cosine 0.99000" in choice.tried[0]
    assert (exact / "image.onnx").read_bytes() == before
    assert not list(exact.glob("*.candidate"))


@pytest.mark.parametrize(("agrees", "faster", "taken"), [(True, 2.0, True), (True, 0.5, False), (False, 2.0, False)])
def test_it_takes_agreement_and_speed(
    exact: Path, monkeypatch: pytest.MonkeyPatch, agrees: bool, faster: float, taken: bool
) -> None:
    seconds = iter([faster, 1.0, 1.0])
    monkeypatch.setattr(accelerate, "_seconds", lambda *_: next(seconds))
    monkeypatch.setattr(accelerate, "agreement", lambda *_: Agreement(1.0, 1.0 if agrees else 0.9))
    choice = choose_image_graph(exact / "image.onnx", Preprocessing(size=SIZE), "auto")
    assert (choice.precision != "fp32") is taken


def test_8_bits_when_asked_for(clip: CLIP, tmp_path: Path) -> None:
    bundle = export_clip(clip, Preprocessing(size=SIZE), tmp_path / "int8", "wide", precision="int8")
    assert bundle.precision == "image int8, text int8 by block" and bundle.one_picture_a_run
    exported, exact = (
        load_encoder(bundle.folder),
        load_encoder(export_clip(clip, Preprocessing(size=SIZE), tmp_path / "fp32", "wide").folder),
    )
    pictures, captions = check_set()
    assert exported.precision == bundle.precision and exported.fingerprint != exact.fingerprint
    assert agreement(exact.encode_images(pictures), exported.encode_images(pictures)).cosine > 0.99
    assert agreement(exact.encode_texts(captions), exported.encode_texts(captions)).cosine > 0.99


def test_no_picture_sees_another(clip: CLIP, tmp_path: Path) -> None:
    """8-bit scales come from what is in a run, so a run holds one picture; a batch would change its vectors."""
    bundle = export_clip(clip, Preprocessing(size=SIZE), tmp_path / "int8", "wide", precision="int8")
    pixels = np.stack([Preprocessing(size=SIZE)(picture) for picture in check_set()[0][:8]])
    pixels[1] //= 8  # a dark one, which others' scales would crush
    encoder = load_encoder(bundle.folder)
    together = encoder.encode_pixels(pixels)
    assert (together == np.concatenate([encoder.encode_pixels(one[None]) for one in pixels])).all()
    in_one_run = Graph(bundle.folder / "image.onnx", IMAGES_AT_ONCE).run(pixels)
    assert np.abs(in_one_run - together).max() > 1e-4, "or nothing here shows that it matters"


def test_a_text_is_the_same_in_any_batch(clip: CLIP, tmp_path: Path) -> None:
    path = export_clip(clip, Preprocessing(size=SIZE), tmp_path / "exact", "wide").folder
    choose_text_graph(path / "text.onnx", BytePairTokenizer(77), "int8")
    graph, tokenize = Graph(path / "text.onnx", 256), BytePairTokenizer(77)
    texts = ["a cat", "a much longer caption, of two dogs that play with a ball on the beach"]
    alone = np.concatenate([graph.run(tokenize([text])) for text in texts])
    assert np.allclose(graph.run(tokenize(texts)), alone, atol=1e-5)
