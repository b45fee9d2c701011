"""Imports point one way: app -> indexer -> clipcore."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAY_IMPORT = {"clipcore": {"clipcore"}, "indexer": {"indexer", "clipcore"}, "app": {"app", "indexer", "clipcore"}}


def imported_packages(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide their direction"
            names.add((node.module or "").partition(".")[0])
    return names & set(MAY_IMPORT)


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_point_downwards(package: str) -> None:
    files = sorted((ROOT / package).rglob("*.py"))
    assert files
    upwards = {str(f.relative_to(ROOT)): imported_packages(f) - MAY_IMPORT[package] for f in files}
    assert {name: found for name, found in upwards.items() if found} == {}


def test_no_file_is_two_concepts() -> None:
    long = {
        str(f): n for p in MAY_IMPORT for f in (ROOT / p).rglob("*.py") if (n := len(f.read_text().splitlines())) > 400
    }
    assert long == {}
