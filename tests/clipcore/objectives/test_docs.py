"""docs/objectives.md says nothing that does not run."""

import re
from pathlib import Path
from typing import Any

from clipcore.commands.compare import compare

DOCS = Path(__file__).parents[3] / "docs" / "objectives.md"


def test_the_python_in_it_runs() -> None:
    blocks = re.findall(r"```python\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    names: dict[str, Any] = {}
    for block in blocks:
        exec(block, names)
    assert len(blocks) == 2
    assert names["images"].grad is not None and names["bias"].grad is not None
    assert names["loss"] > 0 and names["clip"].logit_scale.grad is not None


def test_the_options_in_it_exist() -> None:
    lines = [line for line in DOCS.read_text("utf-8").splitlines() if line.startswith("python -m clipcore compare")]
    known = {name for parameter in compare.params for name in parameter.opts}
    assert lines
    assert {word for line in lines for word in line.split() if word.startswith("--")} <= known
