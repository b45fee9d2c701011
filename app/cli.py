"""`sightline`: each command is a module in `app.commands`, imported when it is called.

Results go to stdout, progress and messages to stderr. Exit status: 0 found or done, 1 nothing found or failed,
2 misuse.
"""

import ast
import atexit
import gc
import importlib
import keyword
import logging
import os
import sys
import warnings
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from app.commands.options import command

# OpenBLAS's threads wait in a loop for more work, 26 ms by default, in which whatever else a query needs has half the
# cores; 2 to the 12th cycles is a microsecond. numpy reads this as it is loaded, which is later than here.
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "12")
# At its end Python would look for garbage among all that was imported: a tenth of the time of a short command.
atexit.register(gc.freeze)

COMMANDS = {  # name: module of app.commands, in which the command's function has that name (`import_` for import)
    "index": "index",
    "watch": "index",
    "search": "search",
    "similar": "search",
    "describe": "describe",
    "why": "why",
    "classify": "classify",
    "tags": "tags",
    "name": "name",
    "album": "album",
    "serve": "serve",
    "status": "status",
    "doctor": "doctor",
    "export": "transfer",
    "import": "transfer",
    "duplicates": "duplicates",
    "forget": "index",
    "cluster": "cluster",
    "pause": "control",
    "resume": "control",
    "cancel": "control",
    "completion": "completion",
    "switch": "models",
    "models": "models",
}


class Commands(click.Group):
    """Knows its commands by name and imports one when it is needed: no search waits for what indexing imports."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            import difflib

            meant = difflib.get_close_matches(args[0], COMMANDS, 1)
            told = f": did you mean {meant[0]}?" if meant else ""
            raise click.UsageError(f"no command {args[0]}{told}", ctx) from error

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"app.commands.{COMMANDS[cmd_name]}")
        found: click.Command = getattr(module, _function(cmd_name))
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        width = formatter.width - 6 - max(map(len, COMMANDS))
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary(name, width)) for name in COMMANDS])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        own = [CompletionItem(name, help=summary(name)) for name in COMMANDS if name.startswith(incomplete)]
        return own + click.Command.shell_complete(self, ctx, incomplete)


def _function(name: str) -> str:
    return f"{name}_" if keyword.iskeyword(name) else name


def summary(name: str, width: int = 60) -> str:
    """The first sentence of a command's help, read from its source: importing all of them takes seconds."""
    source = Path(__file__).with_name("commands") / f"{COMMANDS[name]}.py"
    functions = (node for node in ast.parse(source.read_text("utf-8")).body if isinstance(node, ast.FunctionDef))
    told = next(ast.get_docstring(function) for function in functions if function.name == _function(name))
    return click.Command(name, help=told).get_short_help_str(width)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--home", type=click.Path(path_type=Path), help="Keep everything in this folder (SIGHTLINE_HOME).")
@click.option("--encoder", help="'starter', an exported bundle, a weights file, or a name like ViT-B-32/openai.")
@click.version_option(package_name="sightline")
@click.pass_context
def main(context: click.Context, home: Path | None, encoder: str | None) -> None:
    """Find any photo on your own disk by describing it.

    \b
      sightline index ~/Pictures          look at every photo once
      sightline search "a dog on the beach"
      sightline similar holiday.jpg       photos like this one
      sightline describe holiday.jpg      what is in it
      sightline duplicates                copies and bursts, the best shot marked
      sightline serve                     the same in a browser, and an API

    Nothing leaves this machine. Photos are only ever read.
    """
    logging.basicConfig(format="sightline: %(message)s", level=logging.WARNING)
    logging.getLogger("app").setLevel(logging.INFO)
    logging.getLogger("PIL").setLevel(logging.CRITICAL)  # a damaged photo is reported by us, once
    warnings.filterwarnings("ignore", module="PIL")

    @command
    def open_library() -> None:
        from app.services import Services  # these two bring what takes most of a second to import
        from indexer.settings import load_settings

        if home is not None:
            os.environ["SIGHTLINE_HOME"] = str(home)  # config.toml is looked for there too
        context.obj = Services(load_settings(home=home, encoder=encoder))
        context.call_on_close(context.obj.library.close)  # SQLite's log goes into the catalog when the last one leaves

    if context.invoked_subcommand not in (None, "completion") and not {"-h", "--help"} & set(sys.argv[1:]):
        open_library()


if __name__ == "__main__":
    main()
