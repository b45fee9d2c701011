"""The process that may die: reads files and decodes them on request, for its parent (`indexer.decode_process`).

Decoders are a million lines of C that meet bytes from anywhere. Here a crash, a hang or a decoder that eats all memory
ends this process and costs its parent one file. It imports only what decoding needs, and ends when its parent does.

Requests and answers are pickles, each behind its length: first `Setup`; then a `Read` and for the file just read a
`Decode`; or a `Describe`. An answer is what was asked for, or the `PhotoError` that says why not.
"""

import os
import pickle
import signal
import struct
import sys
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import IO, Any

from clipcore.preprocess import Preprocessing
from indexer.disk_faults import reading_fault
from indexer.errors import DiskError, PhotoError
from indexer.formats import is_video
from indexer.metadata import Metadata, dated_by_file, first_of
from indexer.photo import FileIdentity, Limits, decode, describe, read_file
from indexer.picture import reason_of
from indexer.xmp import read_sidecar

_LENGTH = struct.Struct("<Q")
_VIDEO = 6  # times the seconds of a picture
PATIENCE = 3  # a decoder may take this many times its seconds by the clock: other programs run too


@dataclass(frozen=True)
class Setup:
    """How to decode, and what is too much."""

    preprocessing: Preprocessing
    limits: Limits


@dataclass(frozen=True)
class Read:
    """Read a file and say what it is; its bytes are kept for `Decode`."""

    path: str


@dataclass(frozen=True)
class Decode:
    """Pixels, thumbnail and metadata of the file just read."""

    sidecar: str | None


@dataclass(frozen=True)
class Describe:
    """The metadata alone, of a file whose picture is known already; only what it takes is read."""

    path: str
    sidecar: str | None


def send(stream: IO[bytes], message: object) -> None:
    data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    stream.write(_LENGTH.pack(len(data)))
    stream.write(data)
    stream.flush()


def receive(stream: IO[bytes]) -> Any:
    """The next message.

    Raises:
        EOFError: the other side has ended.
    """
    header = stream.read(_LENGTH.size)
    if len(header) < _LENGTH.size:
        raise EOFError
    data = stream.read(_LENGTH.unpack(header)[0])
    return pickle.loads(data)


class Decoder:
    """Answers requests, one file at a time."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._data = b""
        self._path = ""
        self._identity: FileIdentity | None = None

    def answer(self, request: Read | Decode | Describe) -> object:
        try:
            if isinstance(request, Read):
                self._data = b""  # before the next file takes its place in memory
                self._path = request.path
                self._data, self._identity = read_file(request.path, self._setup.limits)
                return self._identity
            if isinstance(request, Describe):
                return _complete(describe(request.path), request.sidecar, os.stat(request.path).st_mtime_ns)
            assert self._identity is not None
            photo = decode(self._data, self._setup.preprocessing, self._setup.limits, self._path)
            try:
                metadata = _complete(photo.metadata, request.sidecar, self._identity.mtime_ns)
            except DiskError:
                return replace(photo, is_described=False)
            return replace(photo, metadata=metadata)
        except PhotoError as error:
            return error
        except MemoryError:
            return PhotoError("not enough memory to decode it")
        except OSError as error:  # of a file that is described
            return reading_fault(error)
        except Exception as error:  # whatever else hostile bytes bring about
            return PhotoError(reason_of(error))


def _complete(embedded: Metadata, sidecar: str | None, mtime_ns: int) -> Metadata:
    beside = read_sidecar(sidecar) if sidecar else Metadata()
    return dated_by_file(first_of((beside, embedded)), mtime_ns)


def main() -> None:
    requests, answers = _take_pipes()
    setup: Setup = receive(requests)
    _contain(setup.limits)
    decoder = Decoder(setup)
    send(answers, None)  # ready
    seconds = setup.limits.decode_seconds
    with suppress(EOFError, BrokenPipeError):
        while True:
            request = receive(requests)
            if isinstance(request, Read):
                seconds = seconds_for(request.path, setup.limits)
            else:
                _end_after(seconds)
            answer = decoder.answer(request)
            _end_after(0)
            send(answers, answer)


def seconds_for(path: str, limits: Limits) -> float:
    """How long decoding a file may take: a video is some twenty pictures."""
    return limits.decode_seconds * (_VIDEO if is_video(path) else 1)


def _take_pipes() -> tuple[IO[bytes], IO[bytes]]:
    """Standard input and output for the protocol alone; what decoders print goes nowhere."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1):
        os.dup2(nowhere, standard)
    return requests, answers


def _contain(limits: Limits) -> None:
    """Ctrl-C is the parent's to handle; no memory beyond the limit, no core dumps (both where the system can)."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if sys.platform == "linux":
            pages, resident = (int(part) for part in _statm())
            mapped_only = (pages - resident) * resource.getpagesize()  # libraries whose pages were never touched
            most = mapped_only + limits.decode_memory_bytes
            resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _statm() -> list[str]:
    with open("/proc/self/statm") as file:
        return file.read().split()[:2]


def _end_after(seconds: float) -> None:
    """Ends this process, by signal, after seconds of the processor, or `PATIENCE` times that; 0 calls it off.

    It does so by itself because its parent may have been killed.
    """
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, seconds)
        signal.setitimer(signal.ITIMER_REAL, seconds * PATIENCE)
