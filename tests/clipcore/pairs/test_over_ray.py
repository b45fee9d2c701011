"""The same parts over Ray Data; starting Ray takes ten seconds, and it is installed by who needs it."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet
import pytest

from clipcore.errors import PairsError
from clipcore.pairs.candidates import gather
from clipcore.pairs.filters import Filters, keep_good
from clipcore.pairs.parts import list_parts
from clipcore.pairs.stages import Workers
from tests.clipcore.pairs.conftest import captioned
from tests.clipcore.tars import write_tar


def test_without_ray_the_message_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    tar = write_tar(tmp_path / "a.tar", captioned([["a dog"]]))
    with pytest.raises(PairsError, match="--ray needs Ray: pip install -r requirements-cluster.txt"):
        gather([tar], tmp_path / "out", workers=Workers(ray=True))


@pytest.mark.slow
def test_ray_makes_the_same_parts(tmp_path: Path) -> None:
    if importlib.util.find_spec("ray") is None:
        pytest.skip("no Ray: pip install -r requirements-cluster.txt")
    tar = write_tar(tmp_path / "a.tar", captioned([[f"picture number {n}"] for n in range(9)]))
    gather([tar], tmp_path / "in", part=2)
    here = keep_good(tmp_path / "in", tmp_path / "here", Filters())
    command = [sys.executable, "-m", "clipcore", "pairs", "filter", str(tmp_path / "in"), "--ray"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(
        [*command, "--out", str(tmp_path / "there")], capture_output=True, text=True, env=environment, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert f"filter: {here.kept} of {here.taken} pairs" in done.stderr
    for ours, theirs in zip(list_parts(tmp_path / "here"), list_parts(tmp_path / "there"), strict=True):
        assert pyarrow.parquet.read_table(ours) == pyarrow.parquet.read_table(theirs)
