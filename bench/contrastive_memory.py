"""Peak memory and time of the contrastive loss, plain and in blocks: python -m bench.contrastive_memory --help

Each way runs forward and backward once in a process of its own, on random unit vectors in float32. Memory is what the
process's peak grows by over what it held with the vectors made. Plain is the paper's figure 3 through
`F.cross_entropy`, as open_clip's ClipLoss computes it. Where the plain form would not fit into the memory that is free,
it is measured at N / 2 and its memory, which grows with the square of N, is given times four (its time too).
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from bench.figures import machine, write_results
from clipcore.objectives.contrastive import BLOCK, contrastive_loss
from clipcore.objectives.siglip import sigmoid_loss

PLAIN_MATRICES = 4.3  # of N x N floats that the plain form holds at its peak, as measured, and the features


def plain_loss(images: Tensor, texts: Tensor, logit_scale: Tensor) -> Tensor:
    logits = logit_scale * images @ texts.T
    labels = torch.arange(len(logits))
    return (F.cross_entropy(logits, labels) + F.cross_entropy(logits.T, labels)) / 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=32_768, help="N, the global batch [32768]")
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--block", type=int, default=BLOCK, help=f"rows at once [{BLOCK}]")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    parser.add_argument("--one", choices=WAYS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure_here(options.one, options.pairs, options.dim, options.block)))
        return
    figures = bench(options.pairs, options.dim, options.block)
    print(f"\n{machine()}, N = {options.pairs:,}, {options.dim} dimensions, blocks of {options.block} rows")
    for name, value in figures.items():
        print(f"{name:42} {value:12.4f}")
    if options.json:
        write_results(options.json, figures)


def bench(pairs: int, dim: int, block: int) -> dict[str, float]:
    figures: dict[str, float] = {}
    for way in WAYS:
        n = pairs // 2 if way == "plain" and PLAIN_MATRICES * 4 * pairs**2 > _free_memory() else pairs
        factor = (pairs / n) ** 2
        print(f"{way}: N = {n:,}" + (f", times {factor:g}" if factor > 1 else ""), file=sys.stderr, flush=True)
        bytes_, seconds, loss = _in_own_process(way, n, dim, block)
        figures |= {f"{way}, MiB": factor * bytes_ / 2**20, f"{way}, seconds": factor * seconds, f"{way}, loss": loss}
    figures["plain memory / blocked"] = figures["plain, MiB"] / figures["blocked, MiB"]
    figures["plain seconds / blocked"] = figures["plain, seconds"] / figures["blocked, seconds"]
    return figures


def _in_own_process(way: str, pairs: int, dim: int, block: int) -> tuple[float, float, float]:
    options = {"--one": way, "--pairs": pairs, "--dim": dim, "--block": block}
    words = [str(word) for option in options.items() for word in option]
    command = [sys.executable, "-m", "bench.contrastive_memory", *words]
    bytes_, seconds, loss = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return bytes_, seconds, loss


def measure_here(way: str, pairs: int, dim: int, block: int) -> tuple[float, float, float]:
    """Bytes that the peak grew by, seconds, and the loss."""
    WAYS[way](*_inputs(64, dim), block).backward()  # what torch sets up once is no part of the loss
    inputs = _inputs(pairs, dim)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    loss = WAYS[way](*inputs, block)
    loss.backward()
    seconds = time.perf_counter() - start
    return 1024.0 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before), seconds, loss.item()


def _inputs(pairs: int, dim: int) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    images, texts = (F.normalize(torch.randn(pairs, dim, generator=generator), dim=-1) for _ in range(2))
    return images.requires_grad_(), texts.requires_grad_(), torch.tensor(1 / 0.07, requires_grad=True)


def _plain(images: Tensor, texts: Tensor, scale: Tensor, block: int) -> Tensor:
    return plain_loss(images, texts, scale)


def _blocked(images: Tensor, texts: Tensor, scale: Tensor, block: int) -> Tensor:
    return contrastive_loss(images, texts, scale, block=block)


def _sigmoid(images: Tensor, texts: Tensor, scale: Tensor, block: int) -> Tensor:
    return sigmoid_loss(images, texts, scale, torch.tensor(-10.0, requires_grad=True), block=block)


WAYS = {"plain": _plain, "blocked": _blocked, "sigmoid in blocks": _sigmoid}


def _free_memory() -> int:
    """Bytes, by the system's own estimate (Linux)."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable"))


if __name__ == "__main__":
    main()
