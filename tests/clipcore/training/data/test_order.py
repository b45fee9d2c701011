from itertools import islice

import numpy as np
import pytest

from clipcore.training.data.order import batches, epoch_order


def test_a_pass_has_every_pair_once_and_the_next_has_them_in_another_order() -> None:
    parts = [5, 0, 9, 7]
    first, second = (np.concatenate(list(epoch_order(parts, 2, seed=0, epoch=e))) for e in (0, 1))
    assert sorted(first) == sorted(second) == list(range(21))
    assert first.tolist() != second.tolist()
    again = np.concatenate(list(epoch_order(parts, 2, seed=0, epoch=1)))
    assert again.tolist() == second.tolist()


def test_only_the_parts_of_one_window_are_mixed() -> None:
    parts = [10] * 6
    for numbers in epoch_order(parts, 2, seed=3, epoch=0):
        assert len({number // 10 for number in numbers.tolist()}) == 2
        assert numbers.tolist() != sorted(numbers.tolist())


@pytest.mark.parametrize("start", [0, 1, 4, 5, 13])
def test_a_batch_is_the_same_wherever_one_starts(start: int) -> None:
    """Twenty-one pairs in batches of four: five a pass, and one pair is left out of each."""
    parts = [5, 9, 7]
    whole = [(epoch, numbers.tolist()) for epoch, numbers in islice(batches(parts, 4, 2, 7), 16)]
    assert [epoch for epoch, _ in whole] == [0] * 5 + [1] * 5 + [2] * 5 + [3]
    later = [(epoch, numbers.tolist()) for epoch, numbers in islice(batches(parts, 4, 2, 7, start), 16 - start)]
    assert later == whole[start:]
    assert len({number for _, numbers in whole[:5] for number in numbers}) == 20
