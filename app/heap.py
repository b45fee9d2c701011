"""How a server holds its memory.

One heap for all threads, where glibc would give each its own (Linux; elsewhere nothing is done). A query passes through
many threads, each of which leaves pieces in a heap of its own that no other thread takes: half of all that was held,
and more by the hour. numpy and ONNX Runtime ask for few and large pieces, for which threads do not wait on each other.

What is loaded when the server begins to answer stays: the garbage collector need not look through a million objects
each time.
"""

import ctypes
import gc
import sys

_M_ARENA_MAX = -8  # malloc.h


def share_one_heap() -> None:
    """Holds from now on for threads that begin later: to be called before there are any."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:  # musl has no such thing, nor such heaps
        mallopt(_M_ARENA_MAX, 1)


def keep_what_is_loaded() -> None:
    """Takes all objects there are out of what later collections look through.

    Garbage among them stays too: a hundred objects when the server begins, not worth a collection before it answers.
    """
    gc.freeze()
