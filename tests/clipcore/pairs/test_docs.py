"""Every command of docs/pairs.md, run on a small collection."""

import re
import shlex
from pathlib import Path

import pytest

from clipcore.__main__ import run
from clipcore.pairs.skipped import Skipped
from clipcore.pairs.sources import find_sources, open_all
from tests.clipcore.pairs.conftest import captioned, picture
from tests.clipcore.tars import write_tar

TEXT = (Path(__file__).parents[3] / "docs" / "pairs.md").read_text("utf-8")
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL) for line in block.splitlines()]
ELSEWHERE = ("pairs download", "pairs build fetched", "clipcore train")  # need a network, or have tests of their own
DOES = (("sleeps", "is eating fish"), ("waits for rain", "jumps"), ("plays chess", "looks at the camera"))
THINGS = ("blue house", "wooden table")


def test_every_command_does_what_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("photos", "shards"):
        Path(folder).mkdir()
    for number in range(3):
        Path(f"table-{number}.png").write_bytes(picture(number))
        Path(f"photos/{number}.png").write_bytes(picture(10 + number))
        Path(f"photos/{number}.txt").write_text(f"a photograph of the dog number {number} in a garden")
        texts = [[f"the cat {does} beside a {thing}"] for does, thing in zip(DOES[number], THINGS, strict=True)]
        write_tar(Path(f"shards/{number:05}.tar"), captioned(texts, 100 * (number + 1)))
    rows = [f"table-{number}.png,this is the bird number {number} in a tree" for number in range(3)]
    Path("captions.csv").write_text("\n".join(["path,caption", *rows]))
    Path("corpus.txt").write_text("the dog and the cat\n" * 2 + "a bird\n" * 2)
    done = [command for command in COMMANDS if not any(name in command for name in ELSEWHERE)]
    assert len(done) == 9
    for command in done:
        python, module, name, *arguments = shlex.split(command)
        assert (python, module, name) == ("python", "-m", "clipcore")
        try:
            run(arguments)
        except SystemExit as finished:
            assert not finished.code, command
    for shards in ("my-pairs", "shards-of-mine"):
        assert len(list(open_all(find_sources([shards]), Skipped()))) == 12
        assert "Data card" in Path(shards, "README.md").read_text()
