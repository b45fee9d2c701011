"""A disk that is full or may not be written to, as one line."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clipcore.errors import TrainingError


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """What is inside writes into `folder`.

    Raises:
        TrainingError: it could not.
    """
    try:
        yield
    except OSError as error:
        where = f" ({error.filename})" if error.filename and error.filename != str(folder) else ""
        raise TrainingError(f"cannot write into {folder}{where}: {error.strerror or error}") from error
