"""sightline duplicates: photos that show the same, and which of them to keep."""

import json
import sys
from dataclasses import asdict

import click

from app.commands.options import as_json, command, paths_only
from app.counts import count_of
from app.services import Services
from indexer.duplicates import Group, Shot, find_duplicates

_KINDS = {"exact": "the same bytes", "near": "the same picture", "burst": "the same moment"}


@click.command()
@click.option("--bursts/--no-bursts", default=True, show_default=True, help="Also what one camera took within seconds.")
@as_json
@paths_only
@click.pass_obj
@command
def duplicates(services: Services, bursts: bool, as_json: bool, paths: bool) -> None:
    """Find photos that show the same: copies, edited copies (resized, compressed, converted), and bursts.

    In each group the best shot is marked with *: the highest resolution, then the sharpest, your rating, the least
    compressed, the oldest. --paths prints all but the best ones. Nothing is ever deleted or moved by this.

    Photos are compared as they are indexed; in a library from before, the first time looks at every thumbnail.

    \b
      sightline duplicates
      sightline duplicates --no-bursts --paths > review.txt
      sightline duplicates --no-bursts --paths | xargs -d '\\n' mv -n -t ~/review
    """

    def listener(done: int, total: int) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r\x1b[Klooking at thumbnails: {done:,} of {total:,}", nl=False, err=True)

    found = find_duplicates(services.library, bursts=bursts, progress=listener)
    if sys.stderr.isatty():
        click.echo("\r\x1b[K", nl=False, err=True)
    if as_json:
        click.echo(json.dumps([asdict(group) for group in found.groups], default=str))
    else:
        for group in found.groups:
            click.echo("\n".join(shot.path for shot in group.others) if paths else _told(group))
    count = sum(len(group.others) for group in found.groups)
    click.echo(
        f"{count_of(len(found.groups), 'group')}; {count_of(count, 'photo')} beside the best ones" if count else "none",
        err=True,
    )
    if found.unseen:
        click.echo(f"{found.unseen:,} pictures have no thumbnail: sightline doctor --repair makes them", err=True)


def _told(group: Group) -> str:
    shots = ((mark, shot) for mark, some in (("*", [group.best]), (" ", group.others)) for shot in some)
    return "\n".join([f"{_KINDS[group.kind]}:", *(f"  {mark} {_shape(shot)}  {shot.path}" for mark, shot in shots)])


def _shape(shot: Shot) -> str:
    return f"{f'{shot.width} x {shot.height}':>13} {shot.size:>12,} bytes"
