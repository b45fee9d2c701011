"""sightline why: which parts of a photo answer a query."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from app.commands.options import as_json, command, fail
from app.commands.photo import id_of, read
from app.photos import PREVIEW_SIZE, get_photo, upright_picture
from app.services import Services
from clipcore.preprocess import DRAFT_MARGIN


@click.command()
@click.argument("photo")
@click.argument("query", nargs=-1, required=True)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Where the picture goes; - is stdout.")
@as_json
@click.pass_obj
@command
def why(services: Services, photo: str, query: Sequence[str], out: Path | None, as_json: bool) -> None:
    """Show which parts of PHOTO (a file, or an id) answer QUERY: a PNG in which they glow, and where it is hottest.

    \b
      sightline why holiday.jpg a dog on the beach --out heat.png
    """
    from app.explain import explain
    from app.language import parse
    from indexer.photo import large_picture

    asked = parse(" ".join(query))
    photo_id = id_of(services, photo)
    if photo_id:
        picture = upright_picture(services.library, get_photo(services.library, photo_id))
    else:
        picture = large_picture(read(services, photo), photo, services.library.limits, PREVIEW_SIZE // DRAFT_MARGIN)
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
        click.echo(json.dumps({"x": found.x, "y": found.y, "out": str(out) if out else None}))
    else:
        click.echo(f"hottest at {found.x:.0%} from the left, {found.y:.0%} from the top{f': {out}' if out else ''}")
