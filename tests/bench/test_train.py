"""The script itself, at its smallest: both sides start alike, and its figures are numbers."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_both_sides_start_from_the_same_loss(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bench.train", "--architecture", "ViT-S-32-alt", "--batch", "4", "--rounds", "1"]
    command += ["--json", str(tmp_path / "figures.json"), "--shards", str(ROOT / "data" / "check.tar")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    figures = json.loads((tmp_path / "figures.json").read_text())["figures"]
    assert figures["first loss: ours minus open_clip's"] == pytest.approx(0, abs=1e-4)
    assert figures["ours over open_clip (ratio)"] == pytest.approx(
        figures["ours, pairs/s"] / figures["open_clip, pairs/s"]
    )
    assert figures["ours from shards, pairs/s"] > 0
