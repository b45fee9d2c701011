"""Times as people say them."""

from datetime import UTC, datetime, timedelta

import pytest

from app.ui.spans import ago, day, still

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("passed", "said"),
    [
        (timedelta(seconds=-3), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(hours=5, minutes=59), "5 hours ago"),
        (timedelta(days=2), "2 days ago"),
        (timedelta(days=63), "on 2 March 2026"),
    ],
)
def test_how_long_ago(passed: timedelta, said: str) -> None:
    assert ago(NOW - passed, NOW) == said
    assert ago((NOW - passed).replace(tzinfo=None), NOW) == said


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.2, "1 second"), (89, "89 seconds"), (100, "2 minutes"), (7200, "2 hours")]
)
def test_how_long_still(seconds: float, said: str) -> None:
    assert still(seconds) == said


def test_a_day_has_no_leading_zero() -> None:
    assert day(datetime(2020, 9, 8)) == "8 September 2020"
