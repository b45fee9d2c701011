"""docs/search.md says what is so: its examples run, and its tables name every filter."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli import main
from app.errors import QueryError
from app.filters import FILTERS
from app.language import parse
from app.services import Services

PAGE = (Path(__file__).parents[2] / "docs" / "search.md").read_text("utf-8")
EXAMPLES = re.search(r"```query\n(.*?)```", PAGE, re.DOTALL)
assert EXAMPLES is not None


@pytest.mark.parametrize("line", EXAMPLES[1].splitlines())
def test_examples_run(services: Services, line: str) -> None:
    assert services.search(parse(line), 3).searched == 5


def test_every_filter_is_told_and_every_value_can_be_read() -> None:
    rows = dict(re.findall(r"^\| `(\w+):` \| (.*) \|$", PAGE, re.MULTILINE))
    assert set(rows) == set(FILTERS)
    for name in ("date", "kind", "orientation", "rating"):
        for value in re.findall(r"`([^`]+)`", rows[name]):
            parse(f"{name}:{value}")


def test_what_the_language_table_writes_can_be_read() -> None:
    table = PAGE.split("## The language")[1].split("Filters are conditions")[0]
    for cell in re.findall(r"^\| (`.*?) \| ", table, re.MULTILINE):
        for written in re.findall(r"`([^`]+)`", cell):
            try:
                parse(written)
            except QueryError as error:
                pytest.fail(f"{written}: {error}")


def test_the_error_shown_is_the_error_said(own_home: Path) -> None:
    shown = re.search(r"```console\n\$ sightline (.*?)\n(.*?)```", PAGE, re.DOTALL)
    assert shown is not None
    assert CliRunner().invoke(main, shown[1].split()).stderr == shown[2]
