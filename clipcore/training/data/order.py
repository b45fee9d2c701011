"""The order of a run's pairs: a function of its seed and the pass over the data, and nothing else.

Parts (tars) are put in random order and their pairs mixed with those of some others (`window`), all where there are no
more: reads stay among a few open files, and a run at any step knows where it is without having read what came before.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]


def epoch_order(parts: Sequence[int], window: int, seed: int, epoch: int) -> Iterator[Numbers]:
    """Every pair's number once, a window of parts at a time."""
    rng = np.random.default_rng((seed, epoch))
    starts = np.concatenate([[0], np.cumsum(parts)])
    order = rng.permutation(len(parts))
    for first in range(0, len(order), window):
        mixed = [np.arange(starts[part], starts[part + 1]) for part in order[first : first + window]]
        yield rng.permutation(np.concatenate(mixed))


def batches(
    parts: Sequence[int], batch_size: int, window: int, seed: int, start: int = 0
) -> Iterator[tuple[int, Numbers]]:
    """The epoch and the pair numbers of batch `start` and of all later ones; a pass's remainder is left out."""
    per_epoch = sum(parts) // batch_size
    epoch, skipped = divmod(start, per_epoch)
    while True:
        waiting = np.empty(0, np.int64)
        done = 0
        for numbers in epoch_order(parts, window, seed, epoch):
            waiting = np.concatenate([waiting, numbers])
            whole = len(waiting) // batch_size
            for batch in np.split(waiting[: whole * batch_size], whole) if whole else ():
                if done >= skipped:
                    yield epoch, batch
                done += 1
            waiting = waiting[whole * batch_size :]
        epoch, skipped = epoch + 1, 0
