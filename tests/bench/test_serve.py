"""What the mixed load says of memory."""

import numpy as np
import pytest

from bench.serve import growth


def test_memory_that_levels_off_is_told_from_memory_that_goes_on_growing() -> None:
    seconds = np.arange(0.0, 600, 10).tolist()
    levels_off = growth([(at, 500 + min(at, 200) / 4) for at in seconds])
    goes_on = growth([(at, 500 + at / 10) for at in seconds])
    assert levels_off["growth of the second half, MB"] == 0
    assert goes_on["growth of the second half, MB"] == pytest.approx(30)
    assert levels_off["resident MB, part 1 of 10"] == 512.5
    assert levels_off["resident MB, part 10 of 10"] == 550
