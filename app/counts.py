"""Numbers of things, and sizes, as people say them."""


def count_of(number: int, thing: str) -> str:
    """ "1 photo", "1,234 photos". `thing` may go on behind a noun: "photo of yours" -> "2 photos of yours"."""
    noun, *rest = thing.split(" ", 1)
    return " ".join([f"{number:,}", noun if number == 1 else f"{noun}s", *rest])


def megabytes(size: int) -> str:
    """ "0.2 MB", "1,300 MB", of bytes."""
    return f"{size / 1e6:,.{1 if size < 1e8 else 0}f} MB"
