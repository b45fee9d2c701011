"""The learning rate over a run: linear warm-up, then half a cosine to zero (SGDR, arXiv:1608.03983)."""

import math


def warmup_cosine(step: int, steps: int, warmup: int) -> float:
    """The factor of the peak learning rate at `step`, counted from 0; 1 where the warm-up ends, 0 at `steps`."""
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))
