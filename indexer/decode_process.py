"""A decoder in a process of its own, as its parent sees it: a file that kills it is a `PhotoError`, and the next file
finds a new one."""

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from indexer.decoder import PATIENCE, Decode, Describe, Read, Setup, receive, seconds_for, send
from indexer.errors import DecoderError, PhotoError
from indexer.metadata import Metadata
from indexer.photo import DecodedPhoto, FileIdentity

_ROOT = str(Path(__file__).parents[1])
_TOO_LATE = tuple(-getattr(signal, name) for name in ("SIGPROF", "SIGALRM") if hasattr(signal, name))
_STARTS = 4  # tries
_LAST_WORDS = 1.0  # seconds
_ENVIRONMENT = {
    "MALLOC_ARENA_MAX": "1",  # address space is what is limited, and each arena reserves 64 MB of it
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}


class DecodeProcess:
    """For one thread at a time; starts with the first file, and anew after it died. Any thread may `kill` it."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False
        self._seconds = setup.limits.decode_seconds  # for the file just read

    def read(self, path: str) -> FileIdentity:
        """Reads a file; `decode` then tells what is in it.

        Raises:
            VanishedError: it is gone, or changed while it was read.
            PhotoError: it cannot be read.
            DecoderError: no process can be started.
        """
        self._seconds = seconds_for(path, self._setup.limits)
        identity: FileIdentity = self._ask(Read(path), None)
        return identity

    def decode(self, sidecar: str | None = None) -> DecodedPhoto:
        """The picture just read.

        Raises:
            PhotoError: it is no picture, or decoding it crashed, took too long or too much memory.
        """
        photo: DecodedPhoto = self._ask(Decode(sidecar), self._seconds)
        return photo

    def describe(self, path: str, sidecar: str | None = None) -> Metadata:
        """The metadata alone of a picture that is known already.

        Raises:
            PhotoError: reading it crashed, or took too long; or the file is gone.
        """
        metadata: Metadata = self._ask(Describe(path, sidecar), self._setup.limits.decode_seconds)
        return metadata

    def kill(self) -> None:
        """Ends the process, whatever it does; the thread that waits for it gets a `PhotoError`."""
        self._closed = True
        process = self._process
        if process is not None:
            process.kill()

    def close(self) -> None:
        """Ends the process and waits until it is gone."""
        self.kill()
        self._bury()

    def _ask(self, request: Read | Decode | Describe, seconds: float | None) -> Any:
        process = self._started()
        assert process.stdin is not None and process.stdout is not None
        overdue = threading.Event()

        def end() -> None:
            overdue.set()
            process.kill()

        # where the system has no timers, or the process is stopped
        timer = threading.Timer((seconds + 1) * PATIENCE, end) if seconds else None
        if timer:
            timer.daemon = True
            timer.start()
        try:
            send(process.stdin, request)
            answer = receive(process.stdout)
        except (EOFError, OSError):
            status = self._bury()
            if status in _TOO_LATE or overdue.is_set():
                raise PhotoError(f"decoding took longer than {seconds:g} s") from None
            raise PhotoError(_cause_of_death(status)) from None
        finally:
            if timer:
                timer.cancel()
        if isinstance(answer, PhotoError):
            raise answer
        return answer

    def _started(self) -> "subprocess.Popen[bytes]":
        if self._closed:
            raise PhotoError("stopped")
        cause = ""
        for _ in range(_STARTS):
            if self._process is not None:
                return self._process
            self._process = _start()
            assert self._process.stdin is not None and self._process.stdout is not None
            try:
                send(self._process.stdin, self._setup)
                receive(self._process.stdout)
            except (EOFError, OSError):
                cause = _cause_of_death(self._bury())
        if self._process is None:
            raise DecoderError(f"the decoder process does not start ({cause})")
        return self._process

    def _bury(self) -> int:
        """Waits for the process's end and gives back its exit status."""
        process, self._process = self._process, None
        if process is None:
            return 0
        assert process.stdin is not None and process.stdout is not None
        try:
            status = process.wait(_LAST_WORDS)  # it may be ending by itself, and then says why
        except subprocess.TimeoutExpired:
            process.kill()
            status = process.wait()
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):  # what was not sent yet goes with it
                pipe.close()
        return status


def _start() -> "subprocess.Popen[bytes]":
    """`-P`: a file named like a module in the user's folder is not imported."""
    path = os.pathsep.join(filter(None, (_ROOT, os.environ.get("PYTHONPATH"))))
    return subprocess.Popen(
        [sys.executable, "-P", "-c", "from indexer.decoder import main; main()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, **_ENVIRONMENT, "PYTHONPATH": path},
    )


def _cause_of_death(status: int) -> str:
    if status >= 0:
        return f"the decoder ended with status {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    return f"the decoder crashed ({name})"
