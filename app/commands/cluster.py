"""sightline cluster: ingest over many machines."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.commands.options import command
from app.services import Services

if TYPE_CHECKING:
    from rich.progress import Progress


@click.command()
@click.argument("source")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="A folder that every machine sees.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1), help="How many encode at a time.")
@click.option("--gpus", default=0.0, show_default=True, type=click.FloatRange(0), help="GPUs a worker: 0.5 shares one.")
@click.option("--address", help="Of a running Ray cluster: auto, or ray://host:10001. One on this machine if not set.")
@click.pass_obj
@command
def cluster(services: Services, source: str, out: Path, workers: int, gpus: float, address: str | None) -> None:
    """Encode the pictures of SOURCE over a Ray cluster, into Parquet files that `sightline import` takes in.

    SOURCE is a folder that every machine sees, or object storage as fsspec names it (s3://bucket/photos; each kind
    needs its package, s3fs for this one). A run that was stopped goes on where it was, with the same command. Needs
    pip install -r requirements-cluster.txt.

    \b
      sightline cluster /mnt/photos --out /mnt/encoded --workers 4
      sightline cluster s3://bucket/photos --out /mnt/encoded --address auto --gpus 1 --workers 8
      sightline import /mnt/encoded
    """
    from indexer.cluster import Report, run_cluster

    began = time.perf_counter()
    with _bar(source) as bar:

        def progress(report: Report) -> None:
            bar.update(bar.task_ids[0], total=report.total, completed=report.done)

        report = run_cluster(
            services.library, source, out, workers=workers, gpus=gpus, address=address, progress=progress
        )
    seconds = time.perf_counter() - began
    click.echo(
        f"{source}: {report.done:,} files, {report.failed:,} of them unreadable this time ({seconds:.1f} s)\n"
        f"next: sightline import {out}",
        err=True,
    )


def _bar(source: str) -> "Progress":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True)
    bar.add_task(f"Encoding {source}", total=None)
    return bar
