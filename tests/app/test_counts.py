"""Numbers of things, and sizes, as people say them."""

from app.counts import count_of, megabytes


def test_one_is_one() -> None:
    assert [count_of(n, "photo") for n in (0, 1, 1_234)] == ["0 photos", "1 photo", "1,234 photos"]
    assert [count_of(n, "photo of yours") for n in (1, 2)] == ["1 photo of yours", "2 photos of yours"]


def test_a_small_size_is_not_nothing() -> None:
    assert [megabytes(size) for size in (152_000, 99_900_000, 1_300_000_000)] == ["0.2 MB", "99.9 MB", "1,300 MB"]
