"""What the app raises. Every message is one line: the value, what was expected, the next step."""


class AppError(Exception):
    """Base of every error that the app raises on purpose."""


class QueryError(AppError):
    """A question that cannot be answered as it was asked."""


class NotFoundError(AppError):
    """A photo or a vocabulary that is not there."""


class ServerError(AppError):
    """The server cannot start."""
