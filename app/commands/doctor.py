"""sightline doctor: what is wrong with a library, why a file is not found, and mending it."""

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict

import click

from app.commands.options import as_json, command
from app.services import Services
from indexer.doctor.check import Diagnosis
from indexer.doctor.examine import examine
from indexer.doctor.explain import FOUND, explain

_SHOWN = 10  # findings of a kind


@click.command()
@click.argument("files", nargs=-1, type=click.Path())
@click.option("--repair", is_flag=True, help="Mend what can be mended without loss; photos are only ever read.")
@as_json
@click.pass_obj
@command
def doctor(services: Services, files: Sequence[str], repair: bool, as_json: bool) -> None:
    """Check catalog, vectors, thumbnails and disk against each other; or say why FILES are not in the results.

    Exit status 0 when all is well (or was repaired), 1 when something is not.

    \b
      sightline doctor
      sightline doctor --repair
      sightline doctor ~/Pictures/IMG_2041.jpg
    """
    if files:
        sys.exit(_explain(services, files, as_json))

    def listener(meaning: str) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r\x1b[Klooking for {meaning} ...", nl=False, err=True)

    diagnoses = examine(services.library, repair=repair, listener=listener)
    if sys.stderr.isatty():
        click.echo("\r\x1b[K", nl=False, err=True)
    unwell = any(diagnosis.unwell for diagnosis in diagnoses)
    if as_json:
        click.echo(json.dumps({"healthy": not unwell, "diagnoses": [asdict(d) for d in diagnoses]}))
    else:
        for diagnosis in diagnoses:
            click.echo(_told(diagnosis))
        click.echo("not well" if unwell else "all is well")
    sys.exit(1 if unwell else 0)


def _told(diagnosis: Diagnosis) -> str:
    count = len(diagnosis.findings)
    lines = [f"{'!' if diagnosis.unwell else '-'} {diagnosis.meaning} ({count:,})"]
    lines += [f"    {finding.subject}: {finding.detail}" for finding in diagnosis.findings[:_SHOWN]]
    if count > _SHOWN:
        lines.append(f"    and {count - _SHOWN:,} more; all of them: sightline doctor --json")
    if diagnosis.repaired:
        lines.append(f"    repaired: {diagnosis.remedy}")
    else:
        how = "sightline doctor --repair will" if diagnosis.repairable else "what to do:"
        lines.append(f"    {how} {diagnosis.remedy}")
    return "\n".join(lines)


def _explain(services: Services, files: Sequence[str], as_json: bool) -> int:
    explained = {os.path.abspath(os.path.expanduser(file)): explain(services.library, file) for file in files}
    if as_json:
        click.echo(json.dumps(explained))
    else:
        for path, reasons in explained.items():
            click.echo("\n".join([path, *(f"    {reason}" for reason in reasons)]))
    return 0 if all(reasons[-1].startswith(FOUND) for reasons in explained.values()) else 1
