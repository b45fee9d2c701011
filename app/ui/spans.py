"""Times as people say them: how long ago, how long still."""

from datetime import UTC, datetime

from app.counts import count_of

_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60))


def ago(moment: datetime, now: datetime | None = None) -> str:
    """How long ago a UTC moment was: "just now", "5 minutes ago"; after a month, the day."""
    seconds = ((now or datetime.now(UTC)) - moment.replace(tzinfo=UTC)).total_seconds()
    if seconds > 30 * 86_400:
        return f"on {day(moment)}"
    for unit, size in _UNITS:
        if seconds >= size:
            return f"{count_of(int(seconds // size), unit)} ago"
    return "just now"


def day(moment: datetime) -> str:
    """ "8 September 2020"."""
    return f"{moment.day} {moment:%B %Y}"


def still(seconds: float) -> str:
    """How long something will still take, about: "20 seconds", "3 minutes"."""
    for unit, size in _UNITS:
        if seconds >= 1.5 * size:
            return count_of(round(seconds / size), unit)
    return count_of(max(1, round(seconds)), "second")
