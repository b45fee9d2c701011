"""A training step beside open_clip's trainer's, in one run: python -m bench.train --help

Both train one architecture from the same weights on the same pairs, held in memory: open_clip's own `train_one_epoch`
with its loss and optimizer, and ours (`clipcore.training.step`). Sides take turns, and the median of the rounds counts.
On a CPU both compute in float32; on a GPU in bf16, with the global batch accumulated by open_clip's --accum-freq and by
our cached gradients, and the share of the peak is of what a large bf16 matrix product reaches on the same machine.
`--shards` trains ours on what is read and decoded from tars, beside data in memory.
"""

import argparse
import logging
import statistics
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from bench.figures import machine, write_results
from clipcore.agreement import check_set
from clipcore.architectures import get_architecture
from clipcore.clip import CLIP
from clipcore.pairs.skipped import Skipped
from clipcore.preprocess import Preprocessing
from clipcore.thirdparty import import_open_clip
from clipcore.tokenizer import BytePairTokenizer
from clipcore.training.data.ahead import ahead
from clipcore.training.data.loader import Batch, Loader, Reader, worker_count
from clipcore.training.data.pairs import TrainingPairs
from clipcore.training.distributed import Processes, spread
from clipcore.training.model import TrainedCLIP
from clipcore.training.optimizer import adamw, rated
from clipcore.training.recipe import Recipe
from clipcore.training.step import take_step

Figures = dict[str, float]


def main() -> None:
    on_gpu = torch.cuda.is_available()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--architecture", default="ViT-B-32", help="as open_clip spells it")
    parser.add_argument("--batch", type=int, default=32_768 if on_gpu else 32, help="pairs in a step")
    parser.add_argument("--micro-batch", type=int, default=2048 if on_gpu else 0, help="pairs in the towers at a time")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--compile", action="store_true", help="our side with torch.compile")
    parser.add_argument("--shards", nargs="*", default=[], help="tars, for the rate end to end")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    options = parser.parse_args()
    device = torch.device("cuda" if on_gpu else "cpu")
    figures = bench(options, device)
    print(f"\n{torch.cuda.get_device_name() if on_gpu else machine()}, {options.architecture}, batch {options.batch}")
    for name, value in figures.items():
        print(f"{name:66} {value:12.4g}")
    if options.json:
        write_results(options.json, figures)


def bench(options: Namespace, device: torch.device) -> Figures:
    logging.disable(logging.WARNING)
    torch.manual_seed(0)
    clip = CLIP(get_architecture(options.architecture))
    weights = {name: tensor.clone() for name, tensor in clip.state_dict().items()}
    batch = in_memory(options.batch, clip.architecture.vision.image_size)
    theirs = open_clip_side(options, device, weights, batch)
    ours = our_side(options, device, clip, batch)
    spent: dict[str, list[float]] = {"open_clip": [], "ours": []}
    losses: dict[str, list[float]] = {"open_clip": [], "ours": []}
    for number in range(options.rounds + 1):
        for name, step in (("open_clip", theirs), ("ours", ours)):
            start = time.perf_counter()
            losses[name].append(step())
            spent[name].append(time.perf_counter() - start)
            print(f"round {number}: {name} {spent[name][-1]:.2f} s, loss {losses[name][-1]:.4f}", file=sys.stderr)
    seconds = {name: statistics.median(times[1:]) for name, times in spent.items()}
    figures = {f"{name}, pairs/s": options.batch / spent for name, spent in seconds.items()}
    figures["ours over open_clip (ratio)"] = seconds["open_clip"] / seconds["ours"]
    figures["first loss: ours minus open_clip's"] = losses["ours"][0] - losses["open_clip"][0]
    if device.type == "cuda":
        figures |= shares_of_peak(options, device, seconds)
    if options.shards:
        figures["ours from shards, pairs/s"] = from_shards(options, device, weights)
    return figures


def in_memory(size: int, pixels_wide: int) -> Batch:
    """Real pictures and captions (data/check.tar), over again with other pixels until there are enough."""
    pictures, captions = check_set()
    preprocessing = Preprocessing(size=pixels_wide)
    some = torch.stack([torch.from_numpy(preprocessing(picture).copy()) for picture in pictures[: min(size, 128)]])
    copies = -(-size // len(some))
    pixels = some.repeat(copies, 1, 1, 1)[:size]
    pixels = pixels + torch.arange(size, dtype=torch.uint8).view(-1, 1, 1, 1)  # wraps: no two are alike
    texts = tuple((list(captions[: len(some)]) * copies)[:size])
    tokens = torch.from_numpy(BytePairTokenizer()(texts))
    return Batch(tuple(map(str, range(size))), texts, pixels, tokens)


Step = Callable[[], float]


def our_side(options: Namespace, device: torch.device, clip: CLIP, batch: Batch) -> Step:
    """One step of ours; its loss."""
    recipe = _recipe(options, device)
    alone = Processes(0, 1, device, None)
    model = TrainedCLIP(clip, Preprocessing(size=clip.architecture.vision.image_size), recipe)
    shared = spread(model, alone, False, options.compile)
    shared.model.train()
    optimizer = _our_optimizer(recipe, shared.model)
    batch = replace(batch, pixels=batch.pixels.to(device), tokens=batch.tokens.to(device))
    return lambda: take_step(shared, optimizer, batch, recipe, alone).loss


def _recipe(options: Namespace, device: torch.device) -> Recipe:
    precision: Any = "bf16" if device.type == "cuda" else "fp32"
    return Recipe(
        options.architecture,
        learning_rate=5e-4,
        batch_size=options.batch,
        micro_batch=options.micro_batch,
        precision=precision,
    )


def _our_optimizer(recipe: Recipe, model: nn.Module) -> torch.optim.Optimizer:
    beta1, beta2, epsilon = recipe.adam
    return adamw([rated(recipe.peak_rate, model)], recipe.weight_decay, (beta1, beta2), epsilon, fused=True)


@dataclass
class _Loader:
    """The batch as open_clip's trainer wants it: a data loader with two numbers, and an epoch that is told."""

    parts: list[tuple[torch.Tensor, torch.Tensor]]
    num_samples: int

    @property
    def num_batches(self) -> int:
        return len(self.parts)

    @property
    def dataloader(self) -> "_Loader":
        return self

    def set_epoch(self, epoch: int) -> None:
        pass

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        return iter(self.parts)


def open_clip_side(options: Namespace, device: torch.device, weights: dict[str, torch.Tensor], batch: Batch) -> Step:
    """One step of open_clip's trainer, from the same weights; its loss."""
    open_clip = import_open_clip()
    from open_clip_train.train import train_one_epoch

    model = open_clip.create_model(options.architecture, output_dict=True)
    model.load_state_dict({name.removeprefix("text."): tensor for name, tensor in weights.items()})
    model.to(device)
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (Preprocessing().mean, Preprocessing().std))
    texts = open_clip.get_tokenizer(options.architecture)(list(batch.captions))
    micro = options.micro_batch or options.batch
    kind = torch.float32 if device.type == "cpu" else torch.bfloat16  # its loader gives float32; half travels faster
    parts = [
        (((pixels.permute(0, 3, 1, 2).float() / 255 - mean) / std).to(kind).to(device), tokens.to(device))
        for pixels, tokens in zip(batch.pixels.split(micro), texts.split(micro), strict=True)
    ]
    decayed = [p for p in model.parameters() if p.ndim >= 2]
    others = [p for p in model.parameters() if p.ndim < 2]
    groups = [{"params": others, "weight_decay": 0.0}, {"params": decayed, "weight_decay": 0.2}]
    optimizer = torch.optim.AdamW(groups, lr=5e-4, betas=(0.9, 0.98), eps=1e-6)  # as open_clip_train.main makes it
    loss = _Remembered(open_clip.ClipLoss(cache_labels=True))
    args = Namespace(
        device=str(device),
        precision="fp32" if device.type == "cpu" else "amp_bf16",
        distill=False,
        accum_freq=len(parts),
        skip_scheduler=True,
        horovod=False,
        grad_clip_norm=None,
        rank=0,
        world_size=1,
        local_rank=0,
        log_local=False,
        log_every_n_steps=100,
        batch_size=micro,
        wandb=False,
        distributed=False,
        save_logs=False,
    )
    data = {"train": _Loader(parts, options.batch)}

    def step() -> float:
        train_one_epoch(model, data, loss, 0, optimizer, None, None, None, args)
        if device.type == "cuda":
            torch.cuda.synchronize()
        return loss.last

    return step


class _Remembered(nn.Module):
    """open_clip's loss, and what it last was."""

    def __init__(self, loss: nn.Module) -> None:
        super().__init__()
        self.loss = loss
        self.last = 0.0

    def forward(self, *args: Any, **named: Any) -> Any:
        found = self.loss(*args, **named)
        self.last = float(found["contrastive_loss"].detach())
        return found


def shares_of_peak(options: Namespace, device: torch.device, seconds: Figures) -> Figures:
    """Useful floating-point operations a second of each side, over what a matrix product of 8192 reaches.

    Useful: a forward and a backward pass, three times the forward; what accumulation computes again is not counted.
    """
    clip = CLIP(get_architecture(options.architecture)).to(device)
    size = clip.architecture.vision.image_size
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        clip(torch.zeros(8, 3, size, size, device=device), torch.ones(8, 77, dtype=torch.int64, device=device))
    useful = 3 * counter.get_total_flops() / 8 * options.batch
    a, b = (torch.randn(8192, 8192, device=device, dtype=torch.bfloat16) for _ in range(2))
    for _ in range(5):
        a @ b
    torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(50):
        a @ b
    torch.cuda.synchronize()
    peak = 50 * 2 * 8192**3 / (time.perf_counter() - start)
    figures = {"peak of a bf16 matrix product, TFLOP/s": peak / 1e12}
    figures |= {f"{name}, share of that peak (77 tokens)": useful / spent / peak for name, spent in seconds.items()}
    figures["peak memory of a step of either, GB"] = torch.cuda.max_memory_allocated() / 1e9
    return figures


def from_shards(options: Namespace, device: torch.device, weights: dict[str, torch.Tensor]) -> float:
    """Pairs a second of ours, read and decoded from tars by processes."""
    recipe = _recipe(options, device)
    clip = CLIP(get_architecture(options.architecture))
    clip.load_state_dict(weights)
    preprocessing = Preprocessing(size=clip.architecture.vision.image_size)
    pairs = TrainingPairs.read(options.shards, Skipped())
    reader = Reader(pairs, preprocessing, BytePairTokenizer(), seed=0, random_crop=True)
    loader = Loader(reader, min(options.batch, len(pairs)), window=64, workers=worker_count(-1))
    alone = Processes(0, 1, device, None)
    shared = spread(TrainedCLIP(clip, preprocessing, recipe), alone, False, options.compile)
    optimizer = _our_optimizer(recipe, shared.model.train())
    batches = ahead(loader.batches(), device)
    take_step(shared, optimizer, next(batches), recipe, alone)
    start = time.perf_counter()
    for _ in range(options.rounds):
        take_step(shared, optimizer, next(batches), recipe, alone)
    return options.rounds * loader.batch_size / (time.perf_counter() - start)


if __name__ == "__main__":
    main()
