"""Graphs with 8-bit weights: small, close to the exact ones, and the same for a row whatever else is in its batch."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from clipcore.export import write_graph
from clipcore.quantize import _adds_in_16_bits, quantize_by_block, quantize_image_graph, symmetric_8_bits
from clipcore.quantize_rows import quantize_by_row


class Image(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *(nn.Conv2d(3, 64, 5), nn.GELU(), nn.Conv2d(64, 64, 3, groups=2), nn.AdaptiveAvgPool2d(1), nn.Flatten()),
            nn.Linear(64, 128),
        )

    def forward(self, pixels: Tensor) -> Tensor:
        return nn.functional.normalize(self.layers(pixels), dim=-1)


class Text(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(300, 64)
        self.layers = nn.Sequential(nn.Linear(64, 256), nn.GELU(), nn.Linear(256, 64))

    def forward(self, tokens: Tensor) -> Tensor:
        return nn.functional.normalize(self.layers(self.table(tokens)).mean(dim=1), dim=-1)


def run(path: Path, given: NDArray[np.generic]) -> NDArray[np.float32]:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, {"given": given})[0]


def graphs(module: nn.Module, example: Tensor, folder: Path) -> tuple[Path, Path]:
    """The exact graph, and where its quantised form goes."""
    write_graph(module.eval(), example, folder / "exact.onnx", "given", {0: "n"})
    return folder / "exact.onnx", folder / "small.onnx"


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_no_value_moves_further_than_half_a_step(axis: int) -> None:
    weight = np.random.default_rng(0).normal(size=(16, 24)).astype(np.float32)
    weight[3] = 0
    values, scales = symmetric_8_bits(weight, axis)
    assert values.dtype == np.int8 and scales.dtype == np.float32
    assert scales.size == weight.shape[axis]
    assert (np.abs(values * scales - weight) <= scales / 2 + 1e-7).all()
    assert np.abs(values).max() == 127, "the whole range is used"


def test_an_image_graph_is_a_quarter_and_agrees(tmp_path: Path) -> None:
    torch.manual_seed(0)
    exact, small = graphs(Image(), torch.zeros(2, 3, 16, 16), tmp_path)
    quantize_image_graph(exact, small)
    assert small.stat().st_size < 0.4 * exact.stat().st_size
    pixels = np.random.default_rng(0).normal(size=(6, 3, 16, 16)).astype(np.float32)
    together = run(small, pixels)
    assert (together * run(exact, pixels)).sum(axis=1).min() > 0.999
    np.testing.assert_allclose(together[:1], run(small, pixels[:1]), atol=1e-6)


@pytest.mark.parametrize("quantize", [quantize_by_block, quantize_by_row])
def test_a_text_graph_is_a_quarter_and_agrees(quantize: Callable[[Path, Path], None], tmp_path: Path) -> None:
    torch.manual_seed(0)
    exact, small = graphs(Text(), torch.zeros(2, 7, dtype=torch.int64), tmp_path)
    quantize(exact, small)
    assert small.stat().st_size < 0.4 * exact.stat().st_size
    tokens = np.random.default_rng(0).integers(0, 300, (6, 7))
    together = run(small, tokens)
    assert (together * run(exact, tokens)).sum(axis=1).min() > 0.999
    np.testing.assert_allclose(together[:1], run(small, tokens[:1]), atol=1e-6)


class Products(nn.Module):
    """Two of one input by one weight: each is in the graph in 8 bits once."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(96, 64))

    def forward(self, given: Tensor) -> Tensor:
        return given @ self.weight + (given @ self.weight).abs()


def test_rows_of_any_size_are_scaled_by_their_own_largest_value(tmp_path: Path) -> None:
    torch.manual_seed(0)
    exact, small = graphs(Products(), torch.zeros(2, 96), tmp_path)
    quantize_by_row(exact, small)
    rows = np.random.default_rng(0).normal(size=(4, 96)).astype(np.float32)
    rows *= np.array([[1e-4], [1], [1e4], [0]], np.float32)
    given, wanted = run(small, rows), run(exact, rows)
    sizes = np.abs(wanted).max(axis=1)
    assert (np.abs(given - wanted).max(axis=1)[:3] < 0.02 * sizes[:3]).all()
    assert (given[3] == 0).all(), "a row of zeros stays one"


def test_the_largest_bytes_do_not_overflow(tmp_path: Path) -> None:
    products = Products()
    products.weight.data = torch.ones(96, 64)
    exact, small = graphs(products, torch.zeros(2, 96), tmp_path)
    quantize_by_row(exact, small)
    ones = np.ones((1, 96), np.float32)
    np.testing.assert_allclose(run(small, ones), run(exact, ones), rtol=1e-4)


def test_which_processors_add_in_16_bits(tmp_path: Path) -> None:
    for flags, expected in (("fpu avx2 avx512f", True), ("fpu avx2 avx512_vnni", False), ("fpu avx_vnni", False)):
        (tmp_path / "cpuinfo").write_text(f"processor\t: 0\nflags\t\t: {flags}\n")
        assert _adds_in_16_bits(tmp_path / "cpuinfo") is expected
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nFeatures\t: fp asimd\n")
    assert not _adds_in_16_bits(tmp_path / "cpuinfo"), "ARM has no such addition"
