"""Long work in the server's own process, one piece after the other, while searches go on.

    jobs = app.services.jobs()                # in the pages; routes have it as `live.jobs`
    job = jobs.start("index")                 # or "retry-failed", "switch", "duplicates", "suggest-tags", "compact"
    job = jobs.start("index", folder_id=3)    # of one folder
    jobs.get(job.id)                          # state, done, total, per_second, seconds_left, failed, said ...
    jobs.pause(job.id); jobs.resume(job.id); jobs.cancel(job.id)
    jobs.list()                               # newest first

None of these waits. A job that ended is remembered until many more have been asked for, or the server ends. What a
cancelled job did is kept, and the next one goes on from there. What each kind does is in `app.work`.
"""

import enum
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from app.errors import AppError, JobError, NotFoundError
from clipcore.errors import ClipcoreError
from indexer.errors import IndexerError

if TYPE_CHECKING:
    from app.services import Live

log = logging.getLogger(__name__)

KEPT = 100  # jobs
_WAITING_AT_MOST = 20
_LOOK_EVERY = 0.2  # seconds, while paused
_SPEED_OVER = 30.0  # seconds

Kind = Literal["index", "retry-failed", "switch", "duplicates", "suggest-tags", "compact"]


class State(enum.StrEnum):
    WAITING = "waiting"  # for the job before it
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        return self in (State.DONE, State.FAILED, State.CANCELLED)


@dataclass(frozen=True)
class Job:
    """A piece of work as it is now. Times are UTC."""

    id: int
    kind: Kind
    asked_at: datetime
    folder_id: int | None = None  # index, retry-failed: of one folder
    accept_missing: bool = False  # index: what is gone is meant to be
    encoder: str | None = None  # switch: what `sightline switch` takes, or the fingerprint of one that is known
    leave_unreadable: bool = False  # switch: go over although some photos cannot be read
    threshold: float | None = None  # suggest-tags: the least probability; None is the usual one
    state: State = State.WAITING
    done: int = 0  # files, or pictures
    total: int | None = None  # None while nobody knows
    failed: int = 0  # of those done
    per_second: float | None = None
    seconds_left: float | None = None
    said: str = ""  # what it is doing, what it did, or why it failed, in a line
    started_at: datetime | None = None
    ended_at: datetime | None = None
    version: int = 0  # counts its changes


class Cancelled(Exception):
    """Ends a job's work where it stands."""


class Going:
    """What the work of a running job asks and tells."""

    def __init__(self, job_id: int, change: Callable[..., None]) -> None:
        self.stop = threading.Event()
        self.paused = threading.Event()
        self._id = job_id
        self._change = change
        self._seen: deque[tuple[float, int]] = deque()

    def tell(self, done: int, total: int, failed: int = 0, *, waits: str = "") -> None:
        """Says how far the work is, then waits while the job is paused. `waits`: for what it waits by itself."""
        self._measure(done)
        speed = self._speed()
        left = (total - done) / speed if speed else None
        self._change(
            self._id,
            state=State.PAUSED if waits else State.RUNNING,
            done=done,
            total=total,
            failed=failed,
            per_second=speed,
            seconds_left=left,
            said=waits,
        )
        self._wait_while_paused()

    def check(self) -> None:
        """Raises Cancelled once the job is to end: for work that knows no `stop`."""
        if self.stop.is_set():
            raise Cancelled

    def _measure(self, done: int) -> None:
        now = time.monotonic()
        self._seen.append((now, done))
        while now - self._seen[0][0] > _SPEED_OVER and len(self._seen) > 2:
            self._seen.popleft()

    def _speed(self) -> float | None:
        (since, first), (until, last) = self._seen[0], self._seen[-1]
        return (last - first) / (until - since) if last > first and until > since else None

    def _wait_while_paused(self) -> None:
        if not self.paused.is_set():
            return
        self._change(self._id, state=State.PAUSED, per_second=None, seconds_left=None, said="paused")
        while self.paused.is_set() and not self.stop.wait(_LOOK_EVERY):
            pass
        self._seen.clear()
        if not self.stop.is_set():
            self._change(self._id, state=State.RUNNING, said="")


class Jobs:
    """The jobs of one server. Safe to use from several threads."""

    def __init__(self, live: "Live") -> None:
        self._live = live
        self._lock = threading.Lock()
        self._jobs: dict[int, Job] = {}
        self._going: dict[int, Going] = {}
        self._queue: deque[int] = deque()
        self._worker: threading.Thread | None = None
        self._last = 0
        self.is_closed = False  # the server ends

    def start(self, kind: Kind, **options: Any) -> Job:
        """Puts a job behind those that wait; gives back the one that asks the same where it waits already.

        Args:
            options: `folder_id`, `accept_missing`, `encoder`, `leave_unreadable`, `threshold`, as `Job` has them.

        Raises:
            JobError: it cannot be done, or too many wait.
            NotFoundError: there is no such folder.
            QueryError: the threshold is no probability.
        """
        from app.work import check

        with self._lock:
            asked = Job(self._last + 1, kind, datetime.now(UTC), **options)
            for waiting in (self._jobs[job_id] for job_id in self._queue):
                if replace(waiting, id=0, asked_at=asked.asked_at, version=0) == replace(asked, id=0):
                    return waiting
        check(self._live.now(), asked)
        with self._lock:
            if self.is_closed:
                raise JobError("the server is ending")
            if len(self._queue) >= _WAITING_AT_MOST:
                raise JobError(f"{_WAITING_AT_MOST} jobs wait already: let them end, or cancel some")
            self._last += 1
            job = replace(asked, id=self._last)
            self._jobs[job.id] = job
            self._going[job.id] = Going(job.id, self._change)
            self._queue.append(job.id)
            self._forget_old()
            if self._worker is None:
                self._worker = threading.Thread(target=self._run, name="jobs", daemon=True)
                self._worker.start()
        return job

    def list(self) -> "list[Job]":
        """The jobs, newest first."""
        with self._lock:
            return sorted(self._jobs.values(), key=lambda job: -job.id)

    def get(self, job_id: int) -> Job:
        """One job as it is now.

        Raises:
            NotFoundError: there is none with that id, or it was long ago.
        """
        with self._lock:
            return self._found(job_id)

    def cancel(self, job_id: int) -> Job:
        """Ends a job after the photos at hand. One that is over stays as it is. Raises NotFoundError."""
        with self._lock:
            job = self._found(job_id)
            if job_id in self._going:
                self._going[job_id].stop.set()
            if job.state is State.WAITING and job_id in self._queue:
                self._queue.remove(job_id)
                job = self._end(job_id, State.CANCELLED, "cancelled before it began")
            return job

    def pause(self, job_id: int) -> Job:
        """Lets a job wait after the photos at hand; the jobs behind it wait too.

        Raises:
            NotFoundError: there is no such job.
            JobError: it is over.
        """
        return self._set_paused(job_id, True)

    def resume(self, job_id: int) -> Job:
        """Takes `pause` back. Raises the same."""
        return self._set_paused(job_id, False)

    def close(self, patience: float = 5.0) -> None:
        """Ends all jobs, and waits a little for the one at hand."""
        with self._lock:
            self.is_closed = True
            self._queue.clear()
            for going in self._going.values():
                going.stop.set()
            worker = self._worker
        if worker is not None:
            worker.join(patience)

    def _set_paused(self, job_id: int, paused: bool) -> Job:
        with self._lock:
            job = self._found(job_id)
            if job.state.is_over:
                raise JobError(f"job {job_id} is over: it is {job.state}")
            flag = self._going[job_id].paused
            (flag.set if paused else flag.clear)()
            return job

    def _found(self, job_id: int) -> Job:
        if job_id not in self._jobs:
            raise NotFoundError(f"no job with id {job_id}")
        return self._jobs[job_id]

    def _run(self) -> None:
        while (job := self._next()) is not None:
            state, said = self._do(job)
            with self._lock:
                self._end(job.id, state, said)

    def _next(self) -> Job | None:
        """The job that is to run now; None ends the worker, which `start` then makes anew."""
        with self._lock:
            if not self._queue:
                self._worker = None
                return None
            job_id = self._queue.popleft()
        self._change(job_id, state=State.RUNNING, started_at=datetime.now(UTC))
        return self.get(job_id)

    def _do(self, job: Job) -> tuple[State, str]:
        from app.work import work

        going = self._going[job.id]
        try:
            said = work(self._live.now(), job, going)
        except Cancelled:
            return State.CANCELLED, "cancelled; what it did is kept"
        except (AppError, IndexerError, ClipcoreError) as error:
            return State.FAILED, str(error)
        except Exception as error:  # a fault of ours: the jobs behind it still run
            log.exception("job %d (%s)", job.id, job.kind)
            return State.FAILED, f"{type(error).__name__}: {error}".partition("\n")[0]
        return State.DONE, said

    def _change(self, job_id: int, **changes: Any) -> None:
        with self._lock:
            before = self._jobs[job_id]
            self._jobs[job_id] = replace(before, version=before.version + 1, **changes)

    def _end(self, job_id: int, state: State, said: str) -> Job:
        before, now = self._jobs[job_id], datetime.now(UTC)
        ended = replace(before, state=state, said=said, ended_at=now, seconds_left=None, version=before.version + 1)
        self._jobs[job_id] = ended
        del self._going[job_id]
        return ended

    def _forget_old(self) -> None:
        over = [job_id for job_id, job in self._jobs.items() if job.state.is_over]
        for job_id in over[: max(0, len(self._jobs) - KEPT)]:
            del self._jobs[job_id]
