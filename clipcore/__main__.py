"""python -m clipcore: train, export and evaluate encoders, and classify pictures with them."""

import logging
import sys
import warnings
from collections.abc import Sequence

import click

from clipcore.commands.average import average
from clipcore.commands.classify import classify
from clipcore.commands.compare import compare
from clipcore.commands.compositional import compositional
from clipcore.commands.correct_hubs import correct_hubs
from clipcore.commands.evaluate import evaluate
from clipcore.commands.export import export
from clipcore.commands.pairs import pairs
from clipcore.commands.train import train
from clipcore.commands.vocabulary import vocabulary
from clipcore.errors import ClipcoreError, PromptError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """CLIP: two encoders, one space.

    \b
    Make the starter encoder from pictures with captions (WebDataset tars), look at it, ship it:
      python -m clipcore train starter --pairs A.tar B.tar --eval DEV.tar --out runs/starter
      python -m clipcore export runs/starter --out data/starter
      python -m clipcore evaluate data/starter --pairs DEV.tar

    \b
    Build a data set from captioned pictures:
      python -m clipcore pairs --help

    \b
    Say what is in pictures:
      python -m clipcore classify cat.jpg ~/Pictures --labels cat,dog,bird
    """


main.add_command(average)
main.add_command(classify)
main.add_command(compare)
main.add_command(compositional)
main.add_command(correct_hubs)
main.add_command(evaluate)
main.add_command(vocabulary)
main.add_command(export)
main.add_command(train)
main.add_command(pairs)


def run(args: Sequence[str] | None = None) -> None:
    """The command line; a mistake of the user's is one line on stderr and exit status 2, a failure 1."""
    logging.getLogger("PIL").setLevel(logging.CRITICAL)  # a damaged picture is reported by us, once
    warnings.filterwarnings("ignore", module="PIL")
    try:
        main(args, prog_name="python -m clipcore")
    except ClipcoreError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(2 if isinstance(error, PromptError) else 1)


if __name__ == "__main__":
    run()
