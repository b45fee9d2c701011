"""Whatever is killed, whenever: the library opens, and after the next pass it is the library built in one go.

The long form takes SIGHTLINE_KILLS (1,000 when not set, half of them on each database) and SIGHTLINE_SEED. A seed gives
the same changes and delays again; where in the work a delay falls is the machine's affair.
"""

import os
import random
from pathlib import Path

import pytest

from tests.conftest import on_both_databases
from tests.faults.trial import Trial


def survive(trial: Trial, kills: int, seed: int) -> None:
    found: list[str] = []
    for number in range(kills):
        found += [f"round {number}: {line}" for line in trial.run()]
        assert not found, "\n".join([f"seed {seed}", *found])
    killed = ", ".join(f"{operation} {times}" for operation, times in sorted(trial.harmed_at_work.items()))
    print(f"seed {seed}: {kills} rounds, killed at work so far: {killed}; no difference", flush=True)


@on_both_databases
def test_a_kill_at_any_moment_costs_nothing(
    tmp_path: Path, database: str | None, tiny_encoders: tuple[str, str]
) -> None:
    seed = int(os.environ.get("SIGHTLINE_SEED", random.randrange(1_000_000)))
    trial = Trial(tmp_path, database, tiny_encoders, random.Random(seed))
    survive(trial, 5, seed)
    assert trial.killed >= 1, "the delays miss the work"


@pytest.mark.slow
@on_both_databases
def test_a_thousand_kills_cost_nothing(tmp_path: Path, database: str | None, tiny_encoders: tuple[str, str]) -> None:
    seed = int(os.environ.get("SIGHTLINE_SEED", random.randrange(1_000_000)))
    kills = int(os.environ.get("SIGHTLINE_KILLS", "1000")) // 2
    trial = Trial(tmp_path, database, tiny_encoders, random.Random(seed))
    done = 0
    while trial.killed < kills:
        survive(trial, 20, seed)
        done += 20
        assert done < 10 * kills, "the delays miss the work"
