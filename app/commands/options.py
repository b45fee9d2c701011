"""What the commands share: their options, and how a fault is said."""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import wraps
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from app.errors import AppError, NotFoundError, QueryError
from clipcore.errors import ClipcoreError
from indexer.errors import FolderError, IndexerError

_MISUSE = (FolderError, QueryError, NotFoundError)

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Item = TypeVar("Item", bound="DataclassInstance")

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
nul = click.option("-0", "--null", is_flag=True, help="Print only the paths, a NUL behind each, for xargs -0.")
paths_only = click.option("--paths", is_flag=True, help="Print only the paths, one a line, for pipes.")


def command(function: Callable[..., None]) -> Callable[..., None]:
    """Faults of the library as one line on stderr and an exit status; never a traceback for a user's mistake."""

    @wraps(function)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            function(*args, **kwargs)
        except _MISUSE as error:
            fail("\n".join([str(error), *getattr(error, "pointer", "").splitlines()]), 2)
        except (AppError, IndexerError, ClipcoreError) as error:
            fail(str(error), 1)
        except KeyboardInterrupt:
            fail("stopped; what was done so far is kept, and the same command goes on from there", 130)

    return run


def listing(found: Sequence[Item], as_json: bool, line: Callable[[Item], str], none: str) -> None:
    """What was found, as JSON or a line each; in lines, where there is `none`, what to do about it, on stderr."""
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found]))
        return
    for one in found:
        click.echo(line(one))
    if not found:
        click.echo(none, err=True)


def fail(message: str, status: int) -> NoReturn:
    click.echo(f"sightline: {message}", err=True)
    sys.exit(status)
