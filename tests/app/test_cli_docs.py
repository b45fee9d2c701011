"""docs/cli.md names every command and says truly what it takes, and its examples run."""

import re
import shlex
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from app.cli import COMMANDS, main
from app.services import Services

PAGE = (Path(__file__).parents[2] / "docs" / "cli.md").read_text("utf-8")
ROWS = re.findall(r"^\| (`[a-z`, ]+`) \| [^|]+ \|([^|]*)\|([^|]*)\|$", PAGE, re.MULTILINE)


def test_every_command_is_told_with_what_it_takes() -> None:
    told = {name: (json, paths) for names, json, paths in ROWS for name in re.findall("[a-z]+", names)}
    assert set(told) == set(COMMANDS)
    context = click.Context(main)
    for name, (json, paths) in told.items():
        command = main.get_command(context, name)
        assert command is not None
        options = {option for parameter in command.params for option in parameter.opts}
        assert ("yes" in json, "yes" in paths) == ("--json" in options, "--paths" in options), name
        assert ("-0" in paths) == ("-0" in options), name


@pytest.mark.parametrize("name", COMMANDS)
def test_help_shows_an_example_or_takes_nothing(name: str) -> None:
    command = main.get_command(click.Context(main), name)
    assert command is not None
    told = CliRunner().invoke(main, [name, "--help"])
    assert told.exit_code == 0
    arguments = [parameter for parameter in command.params if isinstance(parameter, click.Argument)]
    assert not arguments or f"sightline {name}" in told.stdout.partition("Options:")[0].partition("\n\n")[2], name


def test_examples_run(services: Services, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = re.search(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    for line in found[1].splitlines():
        words = [word.replace("~/Pictures", str(folder)) for word in shlex.split(line)]
        done = CliRunner().invoke(main, words[1:])
        assert done.exit_code == 0, (line, done.output)
    assert (tmp_path / "heat.png").read_bytes().startswith(b"\x89PNG")


def test_paths_for_pipes_and_nothing_found(services: Services, folder: Path) -> None:
    paths = CliRunner().invoke(main, ["search", "anything", "-0", "--thumbnails", "kitty"]).stdout
    assert paths.endswith("\0") and {Path(path).name for path in paths.split("\0")[:-1]} == {
        path.name for path in folder.rglob("*.*")
    }
    listed = CliRunner().invoke(main, ["search", "anything", "--thumbnails", "kitty"]).stdout
    assert "\x1b" not in listed  # not a terminal
    nothing = CliRunner().invoke(main, ["search", "date:1950"])
    assert (nothing.exit_code, nothing.stdout) == (1, "")
    assert nothing.stderr == "nothing found: no photo meets date:1950\n"


def test_nothing_found_names_what_no_photo_meets(services: Services) -> None:
    def said(query: str, *options: str) -> str:
        return CliRunner().invoke(main, ["search", query, *options]).stderr.removeprefix("nothing found: ").strip()

    assert said("a dog folder:nowhere kind:photo") == "no photo meets folder:nowhere"
    assert said('folder:nowhere "no such words"') == 'no photo meets folder:nowhere, nor "no such words"'
    assert said("a dog kind:photo orientation:landscape -orientation:landscape").startswith("no photo meets -orient")
    assert said('"webp" "deep"') == 'no photo meets all of "webp" "deep"'
    assert said("a dog kind:photo", "--min-relevance", "1") == "nothing matches"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_completes_commands_and_options(shell: str, own_home: Path) -> None:
    source = CliRunner().invoke(main, ["completion", shell])
    assert source.exit_code == 0 and "_SIGHTLINE_COMPLETE" in source.stdout
    assert not (own_home / "catalog.sqlite").exists()
    environment = {"_SIGHTLINE_COMPLETE": f"{shell}_complete", "COMP_WORDS": "sightline descr", "COMP_CWORD": "1"}
    if shell == "fish":
        environment["COMP_CWORD"] = "descr"
    told = CliRunner().invoke(main, [], prog_name="sightline", env=environment)
    assert "describe" in told.stdout
