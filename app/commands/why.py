"""sightline why: which parts of a photo answer a query."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from app.commands.options import as_json, command, fail
from app.commands.photo import id_of
from app.photos import clock, upright_file
from app.services import Services


@click.command()
@click.argument("photo")
@click.argument("query", nargs=-1, required=True)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Where the picture goes; - is stdout.")
@click.option(
    "--at", type=click.FloatRange(0), metavar="SECONDS", help="Of a video: at this time, not where it answers best."
)
@as_json
@click.pass_obj
@command
def why(
    services: Services, photo: str, query: Sequence[str], out: Path | None, at: float | None, as_json: bool
) -> None:
    """Show which parts of PHOTO (a file, or an id) answer QUERY: a PNG in which they glow, and where it is hottest.

    Of a video it shows the frame that answers best.

    \b
      sightline why holiday.jpg a dog on the beach --out heat.png
      sightline why holiday.mp4 a dog --at 12.5 --out heat.png
    """
    from app.explain import explain, explain_photo
    from app.language import parse

    asked = parse(" ".join(query))
    if photo_id := id_of(services, photo):
        picture, found, at = explain_photo(services, photo_id, asked, at)
    else:
        picture = upright_file(services.library, Path(photo), at)
        found = explain(services.library, picture, services.search.spelled_out(asked))
    try:
        if out is not None and str(out) == "-":
            sys.stdout.buffer.write(found.over(picture))
            return
        if out is not None:
            out.write_bytes(found.over(picture))
    except OSError as error:
        fail(f"cannot write {out}: {error.strerror}", 1)
    if as_json:
        click.echo(json.dumps({"x": found.x, "y": found.y, "time_s": at, "out": str(out) if out else None}))
    else:
        when = "" if at is None else f"at {clock(at)}: "
        where = f"hottest at {found.x:.0%} from the left, {found.y:.0%} from the top"
        click.echo(f"{when}{where}{f': {out}' if out else ''}")
