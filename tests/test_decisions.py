"""docs/library.md names the tests that hold the design's decisions, and the kinds that the doctor knows: kept true."""

import ast
import re
from pathlib import Path

from indexer.doctor.examine import CHECKS

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "library.md").read_text("utf-8")
ROWS = {int(number): row for number, row in re.findall(r"^\| (\d+) \| (.*)$", PAGE, re.MULTILINE)}


def _tests_in(path: Path) -> set[str]:
    return {node.name for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.FunctionDef)}


def test_all_eleven_decisions_are_on_the_page() -> None:
    assert sorted(ROWS) == list(range(1, 12))


def test_every_test_that_the_page_names_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)
    assert len(named) > 15
    assert [f"{file}::{test}" for file, test in named if test not in _tests_in(ROOT / file)] == []


def test_a_decision_without_a_test_says_so() -> None:
    assert all(("::" in row) != ("not yet held" in row) for row in ROWS.values())


def test_the_page_tells_of_every_kind_of_problem() -> None:
    assert {check.kind for check in CHECKS} <= set(re.findall(r"`([a-z]+-[a-z-]+)`", PAGE))
