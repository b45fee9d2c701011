"""A command measured from outside: wall and CPU seconds, largest resident memory."""

import compileall
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Measured:
    """Seconds, and bytes of the process's largest resident set."""

    wall: float
    cpu: float
    resident: int


def compile_ours() -> None:
    """Our packages as bytecode, as pip leaves them: an environment may keep Python from writing it as it imports."""
    for package in ("app", "indexer", "clipcore"):
        compileall.compile_dir(package, quiet=1)


def folder(path: str) -> Path:
    """A folder named on the command line, made where there is none."""
    made = Path(path)
    made.mkdir(parents=True, exist_ok=True)
    return made


def measure(command: Sequence[str], environment: Mapping[str, str], where: Path) -> Measured:
    """Runs a command to its end in the folder `where`; stops the benchmark when it fails."""
    start = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=where, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    assert process.stderr is not None
    errors = process.stderr.read().decode(errors="replace")
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    if status:
        sys.exit(f"{' '.join(command)} failed:\n{errors}")
    return Measured(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)
