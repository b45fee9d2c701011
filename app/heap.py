"""One heap for all threads of a server, where glibc would give each its own (Linux; elsewhere nothing is done).

A query passes through many threads, each of which leaves pieces in a heap of its own that no other thread takes: half
of all that was held, and more by the hour. numpy and ONNX Runtime ask for few and large pieces, for which threads do
not wait on each other.
"""

import ctypes
import sys

_M_ARENA_MAX = -8  # malloc.h


def share_one_heap() -> None:
    """Holds from now on for threads that begin later: to be called before there are any."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:  # musl has no such thing, nor such heaps
        mallopt(_M_ARENA_MAX, 1)
