"""Requests that arrive while others are being answered are answered together: one call for many."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

MOST = 16  # requests in one call
_ENOUGH = 4  # requests that are worth a call without waiting for more
Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


class _Waiting(Generic[Asked, Answer]):
    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.woken = threading.Event()
        self.leads = False
        self.answer: Answer | None = None
        self.error: BaseException | None = None


class Together(Generic[Asked, Answer]):
    """Calls `work` with one request at once where nothing else is going on, with up to `most` that came meanwhile else.

    Whoever finds nothing going on does the work for all that wait then, in its own thread. Nobody waits for others to
    come, but for `patience` seconds where the last call was for several: then more are on their way. A call that fails
    is made again for each of its requests alone, so that each has its own error.
    """

    def __init__(
        self, work: Callable[[Sequence[Asked]], Sequence[Answer]], most: int = MOST, patience: float = 0
    ) -> None:
        self._work = work
        self._most = most
        self._patience = patience
        self._lock = threading.Lock()
        self._enough = threading.Condition(self._lock)
        self._last = 1  # requests in the last call
        self._waiting: deque[_Waiting[Asked, Answer]] = deque()
        self._busy = False
        self.batches: dict[int, int] = {}  # how many calls answered so many requests

    def __call__(self, asked: Asked) -> Answer:
        """The answer to one request. Raises what `work` raises for it."""
        own: _Waiting[Asked, Answer] = _Waiting(asked)
        with self._lock:
            self._waiting.append(own)
            if len(self._waiting) >= _ENOUGH:
                self._enough.notify()
            own.leads, self._busy = not self._busy, True
        if not own.leads:
            own.woken.wait()
        if own.leads:
            self._lead()
        if own.error is not None:
            raise own.error
        return own.answer  # type: ignore[return-value]

    def _lead(self) -> None:
        """Answers those that wait, itself first, and hands the lead to the first of those that came meanwhile."""
        with self._lock:
            if self._last > 1:
                self._enough.wait_for(lambda: len(self._waiting) >= _ENOUGH, self._patience)
            batch = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
            self._last = len(batch)
        try:
            self._answer(batch)
        finally:
            with self._lock:
                if self._waiting:
                    self._waiting[0].leads = True
                    self._waiting[0].woken.set()
                else:
                    self._busy = False
            for one in batch[1:]:
                one.woken.set()

    def _answer(self, batch: Sequence[_Waiting[Asked, Answer]]) -> None:
        with self._lock:
            self.batches[len(batch)] = self.batches.get(len(batch), 0) + 1
        try:
            for one, answer in zip(batch, self._work([one.asked for one in batch]), strict=True):
                one.answer = answer
        except BaseException as error:
            if len(batch) == 1:
                batch[0].error = error
                return
            for one in batch:
                self._answer([one])
