"""What a run says of itself: progress for people on stderr, metrics for programs as JSON lines."""

import json
import sys
import time
from pathlib import Path
from typing import Any


class Report:
    """Progress and metrics of one run.

    Attributes:
        path: where the metrics go, one JSON object a line; None keeps them off the disk.
    """

    def __init__(self, path: Path | None = None, every_seconds: float = 10.0) -> None:
        self.path = path
        self._every = every_seconds
        self._started = time.monotonic()
        self._last = 0.0

    def progress(self, what: str, done: int, of: int) -> None:
        """One line on stderr, at most every few seconds, and at the end."""
        now = time.monotonic()
        if done >= of or now - self._last >= self._every:
            self._last = now
            self.say(f"{what} {done}/{of}")

    def metrics(self, step: int, **values: Any) -> None:
        """One line of JSON into the file, and the same for people."""
        if self.path is not None:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"step": step, "seconds": round(self._elapsed(), 1), **values}) + "\n")
        self.say(f"step {step} " + " ".join(f"{name} {_short(value)}" for name, value in values.items()))

    def _elapsed(self) -> float:
        return time.monotonic() - self._started

    def say(self, text: str) -> None:
        """One line on stderr, with the time that the run has taken."""
        print(f"[{self._elapsed():7.1f} s] {text}", file=sys.stderr, flush=True)


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
