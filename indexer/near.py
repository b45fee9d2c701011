"""Pairs of pictures that are near to each other, among many: by perceptual hash, or by moment.

Hashes are cut into nine blocks. Two that differ in six bits have three whole blocks in common, and so have nine in ten
of those that differ in eight. So pictures are sorted by each choice of three blocks, and compared with those that share
them (multi-index hashing, Norouzi et al. 2012): never all with all.
"""

from collections.abc import Iterator
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from clipcore.looks import Looks, colours_apart

Places = NDArray[np.int64]
Marks = NDArray[np.bool_]

COPY_BITS = 8  # of 64 that may differ between copies; docs/decisions/2026-11-25-near-duplicates.md has the measurements
COPY_DETAIL = 32  # of 256
COPY_COLOUR = 4  # steps of 32 in red, green or blue
BURST_BITS = 20
BURST_SECONDS = 3
_BLOCKS, _EQUAL = 9, 3
_EDGES = [(64 * block // _BLOCKS, 64 * (block + 1) // _BLOCKS) for block in range(_BLOCKS)]
_MASKS = [np.uint64(2**end - 2**start) for start, end in _EDGES]
_FEW = 64  # changed pictures up to which each by itself is sooner compared with all
_LARGEST = 200  # later ones that each is compared with, of those it shares blocks or a moment with


def near_copies(looks: Looks, details: Looks, colours: Looks, changed: Marks) -> Places:
    """Places (pairs, 2) of pictures whose hashes and colours are near, one of the two at least being `changed`.

    `details` is (pictures, 4).
    """
    found = np.zeros(0, np.int64)
    for blocks in combinations(range(_BLOCKS), _EQUAL):
        keys = _key(looks, blocks)
        some = np.flatnonzero(np.isin(keys, keys[changed], kind="table"))
        order = some[np.argsort(keys[some], kind="stable")]
        for first, second in _runs(order, keys[order]):
            kept = changed[first] | changed[second]
            first, second = first[kept], second[kept]
            kept = np.bitwise_count(looks[first] ^ looks[second]) <= COPY_BITS
            first, second = first[kept], second[kept]
            kept = np.bitwise_count(details[first] ^ details[second]).sum(axis=1) <= COPY_DETAIL
            first, second = first[kept], second[kept]
            kept = colours_apart(colours[first], colours[second]) <= COPY_COLOUR
            if kept.any():
                found = np.union1d(found, first[kept] * len(looks) + second[kept])
    return np.stack(np.divmod(found, max(len(looks), 1)), axis=1)


def may_be_near(looks: Looks, changed: Marks) -> Marks:
    """Which pictures `near_copies` looks at at all: those that share blocks with a changed one, and these."""
    near = changed.copy()
    if changed.sum() <= _FEW:
        for one in looks[changed]:
            unlike = looks ^ one
            near |= sum((unlike & block == 0).astype(np.int8) for block in _MASKS) >= _EQUAL
        return near
    for blocks in combinations(range(_BLOCKS), _EQUAL):
        keys = _key(looks, blocks)
        near |= np.isin(keys, keys[changed], kind="table")
    return near


def near_moments(looks: Looks, moments: NDArray[np.int64], cameras: NDArray[np.int64], changed: Marks) -> Places:
    """Places (pairs, 2) of pictures by one camera within seconds, not unlike; a camera of -1 is none.

    `moments` are seconds.
    """
    order = np.lexsort((moments, cameras))
    order = order[cameras[order] >= 0]
    found: list[Places] = []
    for distance in range(1, _LARGEST + 1):
        first, second = order[:-distance], order[distance:]
        soon = (cameras[first] == cameras[second]) & (moments[second] - moments[first] <= BURST_SECONDS)
        if not soon.any():
            break
        kept = soon & (changed[first] | changed[second])
        first, second = first[kept], second[kept]
        kept = np.bitwise_count(looks[first] ^ looks[second]) <= BURST_BITS
        pairs = np.stack([first[kept], second[kept]], axis=1)
        found.append(np.sort(pairs, axis=1))
    return np.concatenate(found) if found else np.zeros((0, 2), np.int64)


def _key(looks: Looks, blocks: tuple[int, ...]) -> NDArray[np.int64]:
    """Chosen blocks of each hash as one number below 2**24."""
    key = np.zeros(len(looks), np.int64)
    for block in blocks:
        start, end = _EDGES[block]
        part = (looks >> np.uint64(start)) & np.uint64(2 ** (end - start) - 1)
        key = (key << 8) | part.astype(np.int64)
    return key


def _runs(order: Places, keys: NDArray[np.int64]) -> Iterator[tuple[Places, Places]]:
    """Pairs of equal keys, which are sorted, by how far apart they stand; the first of a pair has the lower place."""
    for distance in range(1, _LARGEST + 1):
        same = np.flatnonzero(keys[distance:] == keys[:-distance])
        if not len(same):
            return
        yield order[same], order[same + distance]
