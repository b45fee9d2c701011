"""``python -m clipcore average``: one run of several."""

from pathlib import Path

import click

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.argument("runs", nargs=-1, required=True, type=FOLDER)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Its folder; it must not exist yet.")
def average(runs: tuple[Path, ...], out: Path) -> None:
    """Write a run whose weights are the mean of those of RUNS, which went on from the same weights.

    \b
      python -m clipcore average runs/starter-slow runs/starter-fast --out runs/starter-average
    """
    from clipcore.training.soup import average_runs

    if len(runs) < 2:
        raise click.BadParameter("give two runs or more", param_hint="RUNS")
    average_runs(runs, out)
