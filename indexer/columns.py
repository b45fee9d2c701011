"""Column types that mean the same on every database."""

import enum
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Enum, String
from sqlalchemy.types import TypeDecorator


class PathText(TypeDecorator[str]):
    """A file system path as text. Bytes that are no UTF-8 (Python's surrogates) are kept in a private-use plane.

    Also for text that may quote a path or a file's bytes: a NUL, which PostgreSQL refuses, is left out.
    """

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        return None if value is None else stored_text(value)

    def process_result_value(self, value: str | None, dialect: Any) -> str | None:
        return None if value is None else original_text(value)


_PLANE = 0x100000


def stored_text(value: str) -> str:
    """A path as the catalog keeps and sorts it."""
    if value.isascii() and "\0" not in value:
        return value
    return "".join(chr(ord(c) + _PLANE) if _surrogate(c) else c for c in value if c != "\0")


def original_text(value: str) -> str:
    """The path that `stored_text` was made of."""
    if value.isascii():
        return value
    return "".join(chr(ord(c) - _PLANE) if ord(c) > _PLANE and _surrogate(chr(ord(c) - _PLANE)) else c for c in value)


def _surrogate(character: str) -> bool:
    return "\udc80" <= character <= "\udcff"


class Moment(TypeDecorator[datetime]):
    """A point in time, always with its zone and always UTC, whether or not the database keeps zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def state_of(states: type[enum.StrEnum], length: int = 16) -> Enum:
    """One of a few states, kept as its plain word."""
    return Enum(states, native_enum=False, length=length, values_callable=lambda states: [s.value for s in states])
