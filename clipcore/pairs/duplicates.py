"""Which of many signatures have an earlier one that is equal or near, within a bound of memory.

Signatures are read from disk a column at a time; keys that do not fit the bound are split by their value into slices,
one pass each. Sorting takes some fifty bytes a key, so 400 MB are enough for any number of pairs.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from clipcore.looks import colours_apart

Keys = NDArray[np.uint64]
Places = NDArray[np.int64]
Marks = NDArray[np.bool_]
Near = Callable[[Places, Places], Marks]  # whether the pairs at two lists of places are near

IN_MEMORY = 8_000_000  # keys
CLOSE_BITS = 3  # of 64 that may differ between the looks of near-copies
CLOSE_COLOUR = 2  # steps of 32 in red, green or blue
_BLOCKS = 5  # two of five blocks are the same where three bits differ
_PAIRS_OF_BLOCKS = tuple(combinations(range(_BLOCKS), 2))
LOOKS_KEYS = len(_PAIRS_OF_BLOCKS)
_LARGEST = 64  # earlier places that each is compared with


def later_equals(read: Callable[[], Iterable[Keys]], marks: Marks, limit: int = IN_MEMORY) -> None:
    """Marks each place whose key an unmarked earlier place has; a key of 0 stands for none."""
    for keys, places in _slices(read, marks, limit):
        order = np.argsort(keys, kind="stable")
        repeated = np.flatnonzero(keys[order][1:] == keys[order][:-1]) + 1
        marks[places[order[repeated]]] = True


def later_neighbours(read: Callable[[], Iterable[Keys]], near: Near, marks: Marks, limit: int = IN_MEMORY) -> None:
    """Marks each place that an earlier one with the same key is near to; places marked before are left out.

    In a group with one key a place is compared with the `_LARGEST` before it, so that one key of many costs no square.
    """
    found: list[Places] = []
    for keys, places in _slices(read, marks, limit):
        order = np.argsort(keys, kind="stable")
        keys, places = keys[order], places[order]
        for distance in range(1, _LARGEST + 1):
            same = np.flatnonzero(keys[distance:] == keys[:-distance])
            if not len(same):
                break
            later, earlier = places[same + distance], places[same]
            found.append(later[near(earlier, later)])
    for later in found:
        marks[later] = True


def looks_key(looks: Keys, number: int) -> Keys:
    """Key `number` of `LOOKS_KEYS`: hashes that differ in `CLOSE_BITS` bits or fewer share at least one of them."""
    first, second = (_block(looks, block) for block in _PAIRS_OF_BLOCKS[number])
    return np.where(looks == 0, np.uint64(0), (first << np.uint64(16)) | second | np.uint64(1 << 40))


def _block(looks: Keys, number: int) -> Keys:
    start, end = (64 * edge // _BLOCKS for edge in (number, number + 1))
    return (looks >> np.uint64(start)) & np.uint64(2 ** (end - start) - 1)


def close(looks: Keys, colours: Keys) -> Near:
    """Whether perceptual hashes differ in at most `CLOSE_BITS` bits, and no colour by more than `CLOSE_COLOUR`."""

    def near(first: Places, second: Places) -> Marks:
        found: Marks = np.bitwise_count(looks[first] ^ looks[second]) <= CLOSE_BITS
        some = np.flatnonzero(found)
        found[some] = colours_apart(colours[first[some]], colours[second[some]]) <= CLOSE_COLOUR
        return found

    return near


def _slices(read: Callable[[], Iterable[Keys]], marks: Marks, limit: int) -> Iterator[tuple[Keys, Places]]:
    """Keys of unmarked places, all of those with one key in one slice, at most about `limit` keys in each."""
    passes = np.uint64(max(1, -(-len(marks) // limit)))
    for number in range(int(passes)):
        keys: list[Keys] = []
        places: list[Places] = []
        start = 0
        for column in read():
            chosen = (column % passes == number) & (column != 0) & ~marks[start : start + len(column)]
            keys.append(column[chosen])
            places.append(np.flatnonzero(chosen) + start)
            start += len(column)
        if keys:
            yield np.concatenate(keys), np.concatenate(places)
