"""How far a long piece of work is: a line on stderr every few seconds, none when it is soon over."""

import sys
import time


class Progress:
    """Counts towards `total`, where that is known."""

    def __init__(self, what: str, total: int | None = None, every_seconds: float = 5.0) -> None:
        self.what = what
        self._of = "" if total is None else f"/{total}"
        self._every = every_seconds
        self._last = time.monotonic()

    def __call__(self, done: int) -> None:
        now = time.monotonic()
        if now - self._last >= self._every:
            self._last = now
            print(f"{self.what} {done}{self._of}", file=sys.stderr, flush=True)
