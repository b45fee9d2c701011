"""Long work beside the searches, which ends when the process does.

A thread that is still inside FAISS while the interpreter is torn down may crash it; so at the end of the process such
work is asked to stop at its next step and waited for. What it was writing is dropped.
"""

import atexit
import threading
from collections.abc import Callable
from typing import Any

_ending = threading.Event()
_running: set[threading.Thread] = set()


class ProcessEndsError(Exception):
    """The process ends; nobody waits for this work any more."""


def start(name: str, work: Callable[..., None], *arguments: Any) -> threading.Thread:
    """Runs `work` in a thread of its own."""

    def run() -> None:
        try:
            work(*arguments)
        except ProcessEndsError:
            pass
        finally:
            _running.discard(threading.current_thread())

    thread = threading.Thread(target=run, name=name, daemon=True)
    _running.add(thread)
    thread.start()
    return thread


def step() -> None:
    """Between two steps of such work.

    Raises:
        ProcessEndsError: this thread was started here, and the process ends.
    """
    if _ending.is_set() and threading.current_thread() in _running:
        raise ProcessEndsError


@atexit.register
def _end() -> None:
    _ending.set()
    for thread in list(_running):
        thread.join()
