"""Libraries that share one loaded encoder, and rights that bind root too."""

import ctypes
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from clipcore import Encoder, load_encoder
from indexer.library import Library
from indexer.settings import load_settings

_VERSION, _DAC_OVERRIDE, _DAC_READ_SEARCH = 0x20080522, 1, 2  # linux/capability.h


@pytest.fixture
def rights_bind() -> Iterator[None]:
    """Takes from root the power to read what its rights forbid, for as long as the test runs."""
    if os.geteuid() != 0:
        yield
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(_VERSION, 0)
    power = (ctypes.c_uint32 * 6)()
    if not hasattr(libc, "capset") or libc.capget(header, power):
        pytest.skip("root's power cannot be limited here")
    less = (ctypes.c_uint32 * 6)(*power)
    less[0] &= ~(1 << _DAC_OVERRIDE | 1 << _DAC_READ_SEARCH)
    assert libc.capset(header, less) == 0
    yield
    assert libc.capset(header, power) == 0


@pytest.fixture(scope="session")
def tiny(tiny_encoders: tuple[str, str]) -> Encoder:
    return load_encoder(tiny_encoders[0])


@pytest.fixture
def library(own_home: Path, tiny_encoders: tuple[str, str], tiny: Encoder) -> Iterator[Library]:
    opened = Library(load_settings(batch_size=4, encoder=tiny_encoders[0]))
    opened.encoder = tiny
    yield opened
    opened.close()
