"""What the app raises. Every message is one line: the value, what was expected, the next step."""


class AppError(Exception):
    """Base of every error that the app raises on purpose."""


class QueryError(AppError):
    """A question that cannot be answered as it was asked.

    Attributes:
        position: of the character at fault in the query as it was written, from 0; None where no character is.
        pointer: the query, and a caret under that character in a second line; empty where no character is.
    """

    def __init__(self, message: str, asked: str = "", position: int | None = None) -> None:
        super().__init__(message if position is None else f"{message} (character {position + 1})")
        self.position = position
        line = "".join(c if c.isprintable() else " " for c in asked)
        self.pointer = "" if position is None else f"{line}\n{' ' * position}^"


class TakenError(QueryError):
    """A name that something else has already."""


class NotFoundError(AppError):
    """A photo, a vocabulary, a folder or a job that is not there."""


class NotAllowedError(AppError):
    """What this server does not do for whoever asks over the network."""


class JobError(AppError):
    """A job that cannot be done as it was asked, or not now."""


class ServerError(AppError):
    """The server cannot start."""
