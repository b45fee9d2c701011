import numpy as np
import pytest

from clipcore.errors import ImageError
from clipcore.preprocess import Pixels
from clipcore.stream import decode_ahead, encode_each


def decode(item: int) -> Pixels:
    if item % 10 == 3:
        raise ImageError(f"{item} is no picture")
    if item % 10 == 7:
        raise ZeroDivisionError("a decoder's own\nfault")
    return np.full((2, 2, 3), item, np.uint8)


def means(pixels: Pixels) -> np.ndarray:
    assert len(pixels)
    return pixels.astype(np.float32).mean(axis=(1, 2))  # (n, 3)


@pytest.mark.parametrize("count", [0, 1, 3, 32, 101])
def test_order_and_failures(count: int) -> None:
    results = list(encode_each(decode_ahead(range(count), decode), means))
    assert [item for item, _ in results] == list(range(count))
    for item, vector in results:
        if item % 10 in (3, 7):
            assert isinstance(vector, ImageError) and "\n" not in str(vector)
        else:
            assert np.array_equal(vector, [item] * 3)


def test_a_batch_without_a_picture_in_it() -> None:
    results = list(encode_each(decode_ahead([3] * 70, decode), means))
    assert {str(error) for _, error in results} == {"3 is no picture"}


def test_no_more_is_read_than_is_needed_soon() -> None:
    taken = []

    def items():
        for item in range(100_000):
            taken.append(item)
            yield item

    first = next(decode_ahead(items(), lambda item: np.zeros((1, 1, 3), np.uint8)))
    assert first[0] == 0 and len(taken) < 1000
