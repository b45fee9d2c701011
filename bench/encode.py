"""Encoding beside open_clip and beside the graph that rclip runs, on the same weights: python -m bench.encode --help

All sides have one random ViT-B/32 and encode the same preprocessed pictures on all cores: open_clip in torch float32,
rclip's kind of graph (float32 ONNX of that model, eight pictures a run), and ours in float32, in 8 bits, and in what
`load_encoder` chooses. Sides take turns and the median of the rounds counts. A single text is a short search, which
open_clip pads to 77 tokens; memory is that of a process that has answered one.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from bench.figures import machine, write_results
from clipcore.agreement import agreement, check_set
from clipcore.checkpoints import load_clip
from clipcore.encoder import Encoder
from clipcore.load import load_encoder
from clipcore.preprocess import Preprocessing
from clipcore.thirdparty import import_open_clip

TEXT = "a dog on the beach"
Array = NDArray[np.float32]
Figures = dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--architecture", default="ViT-B-32", help="as open_clip spells it")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pictures", type=int, default=64, help="in a round")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        figures = bench(Path(temporary), options.architecture, options.rounds, options.pictures)
    print(f"\n{machine()}, {options.architecture}")
    for name, value in figures.items():
        print(f"{name:66} {value:10.3f}")
    if options.json:
        write_results(options.json, figures)


def bench(work: Path, architecture: str, rounds: int, pictures: int) -> Figures:
    weights = work / "weights.safetensors"
    subprocess.run([sys.executable, "-m", "bench.random_clip", str(weights), architecture], check=True)
    theirs = _open_clip_model(architecture, weights)
    ours = {precision: load_encoder(weights, runtime="onnx", precision=precision) for precision in ("fp32", "int8")}
    chosen = load_encoder(weights, runtime="onnx")
    print(f"load_encoder chose: {chosen.precision}", file=sys.stderr)
    rclip = _rclip_graph(theirs, ours["fp32"].preprocessing, work / "rclip.onnx")

    sample = [picture for picture, _ in zip(check_set()[0] * 8, range(pictures), strict=False)]
    pixels = np.stack([ours["fp32"].preprocessing(picture) for picture in sample])
    normalised = _normalised(pixels, ours["fp32"].preprocessing)
    sides: dict[str, Callable[[], object]] = {
        "open_clip fp32": lambda: _open_clip_images(theirs, normalised),
        "rclip's graph": lambda: _rclip_images(rclip, normalised),
        "ours fp32": lambda: ours["fp32"].encode_pixels(pixels),
        "ours int8": lambda: ours["int8"].encode_pixels(pixels),
    }
    seconds = _in_turn(sides, rounds)
    figures = {f"image: {name}, pictures/s": pictures / spent for name, spent in seconds.items()}
    for name in ("ours fp32", "ours int8"):
        for other in ("open_clip fp32", "rclip's graph"):
            figures[f"image: {name} over {other} (ratio)"] = seconds[other] / seconds[name]

    tokenizer = import_open_clip().get_tokenizer(architecture)
    queries: dict[str, Callable[[], object]] = {
        "open_clip fp32": lambda: _open_clip_text(theirs, tokenizer),
        "ours fp32": lambda: ours["fp32"].encode_texts([TEXT]),
        "ours int8": lambda: ours["int8"].encode_texts([TEXT]),
    }
    latency = _in_turn(queries, rounds * 10)
    figures |= {f"one text: {name}, ms": spent * 1000 for name, spent in latency.items()}
    for name in ("ours fp32", "ours int8"):
        figures[f"one text: {name} over open_clip fp32 (ratio)"] = latency["open_clip fp32"] / latency[name]
    return figures | _agreements(ours["fp32"], ours["int8"]) | _memory(weights)


def _in_turn(sides: dict[str, Callable[[], object]], rounds: int) -> Figures:
    """Median seconds of each side, after a round that does not count."""
    spent: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds + 1):
        for name, run in sides.items():
            start = time.perf_counter()
            run()
            spent[name].append(time.perf_counter() - start)
    return {name: statistics.median(seconds[1:]) for name, seconds in spent.items()}


def _open_clip_model(architecture: str, weights: Path) -> torch.nn.Module:
    model = import_open_clip().create_model(architecture).eval()
    state = {name.removeprefix("text."): tensor for name, tensor in load_clip(weights)[0].state_dict().items()}
    model.load_state_dict(state)
    return model


def _normalised(pixels: NDArray[np.uint8], preprocessing: Preprocessing) -> Array:
    """What the others are given: float32 (n, 3, size, size)."""
    scaled = (pixels.astype(np.float32) / 255 - np.float32(preprocessing.mean)) / np.float32(preprocessing.std)
    return np.ascontiguousarray(scaled.transpose(0, 3, 1, 2))


@torch.inference_mode()
def _open_clip_images(model: torch.nn.Module, normalised: Array) -> None:
    for start in range(0, len(normalised), 32):
        model.encode_image(torch.from_numpy(normalised[start : start + 32]), normalize=True)  # type: ignore[operator]


@torch.inference_mode()
def _open_clip_text(model: torch.nn.Module, tokenizer: Callable[[list[str]], torch.Tensor]) -> None:
    model.encode_text(tokenizer([TEXT]), normalize=True)  # type: ignore[operator]


def _rclip_graph(model: torch.nn.Module, preprocessing: Preprocessing, path: Path) -> "object":
    import onnxruntime

    from clipcore.export import write_graph

    size = preprocessing.size
    torch.backends.mha.set_fastpath_enabled(False)  # the exporter has no name for the fused attention
    write_graph(model.visual, torch.zeros(2, 3, size, size), path, "pixels", {0: "n"})  # type: ignore[arg-type]
    torch.backends.mha.set_fastpath_enabled(True)
    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])


def _rclip_images(session: object, normalised: Array) -> None:
    for start in range(0, len(normalised), 8):
        session.run(None, {"pixels": normalised[start : start + 8]})  # type: ignore[attr-defined]


def _agreements(exact: Encoder, faster: Encoder) -> Figures:
    pictures, captions = check_set()
    images = agreement(exact.encode_images(pictures), faster.encode_images(pictures))
    texts = agreement(exact.encode_texts(captions), faster.encode_texts(captions))
    figures: Figures = {}
    for tower, found in (("image", images), ("text", texts)):
        figures[f"{tower} int8: mean-centred cosine to fp32"] = found.cosine
        figures[f"{tower} int8: share of the ten nearest"] = found.shared
    return figures


def _memory(weights: Path) -> Figures:
    """Peak resident memory of a process that has answered one search (Linux)."""
    code = (
        "from clipcore import load_encoder; load_encoder({!r}, runtime='onnx', precision={!r}).encode_texts([{!r}]);"
        "print(next(line for line in open('/proc/self/status') if line.startswith('VmHWM')).split()[1])"
    )
    figures: Figures = {}
    for precision in ("fp32", "int8"):
        command = [sys.executable, "-c", code.format(str(weights), precision, TEXT)]
        kilobytes = int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        figures[f"process that only searches, {precision}: peak resident MB"] = kilobytes * 1024 / 1e6
    return figures


if __name__ == "__main__":
    main()
