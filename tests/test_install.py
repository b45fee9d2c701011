"""What the first `make run` says while pip works."""

import pytest

from scripts.install import told


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("  Downloading torch-2.11.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl (189.1 MB)\n", "torch, 189.1 MB"),
        ("  Using cached numpy-2.1.0-cp311-cp311-manylinux_2_17_x86_64.whl (16.3 MB)\n", "numpy, 16.3 MB"),
        ("Downloading packaging-26.4-py3-none-any.whl (140 kB)\n", ""),
        ("Collecting numpy==2.1\n", ""),
        ("Installing collected packages: numpy, faiss-cpu\n", "unpacking"),
        ("Installing collected packages: sightline\n", ""),
    ],
)
def test_large_files_are_said_and_small_ones_are_not(line: str, said: str) -> None:
    assert told(line) == said
