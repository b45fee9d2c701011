"""Many pictures, one after another: decoded ahead by threads, encoded in batches, a failure in its own place.

What these give stands in the order of what they were given, and no more of it is held than a batch and a few ahead.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from clipcore.batches import batched
from clipcore.errors import ImageError
from clipcore.preprocess import Pixels

T = TypeVar("T")

Vector = NDArray[np.float32]  # (dim,)
BATCH = 32


def decode_ahead(items: Iterable[T], decode: Callable[[T], Pixels]) -> Iterator[tuple[T, Pixels | ImageError]]:
    """Each item and its pixels, or why it has none; decoded by as many threads as there are cores."""
    workers = os.cpu_count() or 1
    with ThreadPoolExecutor(workers) as pool:
        remaining = iter(items)
        ahead = deque((item, pool.submit(attempt, decode, item)) for item in islice(remaining, 2 * workers))
        while ahead:
            item, pixels = ahead.popleft()
            yield item, pixels.result()
            ahead.extend((item, pool.submit(attempt, decode, item)) for item in islice(remaining, 1))


def encode_each(
    decoded: Iterable[tuple[T, Pixels | ImageError]], encode: Callable[[Pixels], NDArray[np.float32]]
) -> Iterator[tuple[T, Vector | ImageError]]:
    """Each item and its vector, or why it has none.

    Args:
        encode: uint8 pixels (n, size, size, 3) -> float32 (n, dim).
    """
    for batch in batched(decoded, BATCH):
        readable = [pixels for _, pixels in batch if not isinstance(pixels, ImageError)]
        vectors = iter(encode(np.stack(readable)) if readable else ())
        for item, pixels in batch:
            yield item, pixels if isinstance(pixels, ImageError) else next(vectors)


def attempt(decode: Callable[[T], Pixels], item: T) -> Pixels | ImageError:
    """The pixels of one item, or why it has none."""
    try:
        return decode(item)
    except ImageError as error:
        return error
    except Exception as error:  # decoders of hostile bytes raise anything; the reason is kept
        failure = ImageError(f"cannot decode the picture: {type(error).__name__}: {' '.join(str(error).split())}")
        failure.__cause__ = error
        return failure
