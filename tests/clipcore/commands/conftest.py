"""The command line as a user meets it: arguments in; exit status, stdout and stderr out."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from clipcore.__main__ import run


@dataclass(frozen=True)
class Outcome:
    status: int
    out: str
    err: str


RunCommand = Callable[..., Outcome]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> RunCommand:
    def call(*args: object) -> Outcome:
        with pytest.raises(SystemExit) as ended:
            run([str(arg) for arg in args])
        captured = capsys.readouterr()
        return Outcome(int(ended.value.code or 0), captured.out, captured.err)

    return call
