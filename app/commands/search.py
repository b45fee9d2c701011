"""sightline search, similar: photos by a description, and photos like one."""

import json
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click

from app.commands.options import as_json, command, nul, paths_only
from app.commands.photo import id_of
from app.emptied import emptied
from app.errors import AppError
from app.language import parse
from app.photos import clock
from app.query import Part, Query
from app.ranking import Ranking
from app.search import MAX_RESULTS, Hit, Results
from app.services import Services
from indexer.errors import IndexerError

top = click.option(
    "-k", "--top", default=20, show_default=True, type=click.IntRange(1, MAX_RESULTS), help="How many results."
)

thumbnails = click.option(
    "--thumbnails",
    type=click.Choice(["auto", "kitty", "iterm", "sixel", "none"]),
    default="auto",
    show_default=True,
    help="How a terminal shows pictures; auto: if it is known to. Never into a pipe or a file.",
)


class QueryCommand(click.Command):
    """A command whose arguments are a query: -kids leaves out kids, and is not taken for -k."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        options = [option for option in self.params if isinstance(option, click.Option)]
        takes_value = dict.fromkeys(ctx.help_option_names, False)
        takes_value |= {name: not option.is_flag for option in options for name in option.opts}
        ours: list[str] = []
        words: list[str] = []
        rest = iter(args)
        for arg in rest:
            if arg == "--":
                words += rest
            elif arg in takes_value:
                ours += [arg, *([next(rest, "")] if takes_value[arg] else [])]
            elif arg.startswith("--") or re.fullmatch("-k[0-9]+", arg):
                ours.append(arg)
            else:
                words.append(arg)
        return super().parse_args(ctx, [*ours, "--", *words])


@click.command(cls=QueryCommand)
@click.argument("query", nargs=-1)
@top
@click.option(
    "--image",
    "images",
    multiple=True,
    metavar="FILE[^WEIGHT]",
    help="A picture to be like, from anywhere on this machine (several times); unlike, with a weight below 0.",
)
@click.option("--min-relevance", default=0.0, type=click.FloatRange(0, 1), help="Leave out what is less relevant.")
@click.option("--matches", is_flag=True, help="Leave out what does not match.")
@click.option(
    "--sort", type=click.Choice(["relevance", "date"]), default="relevance", help="date: matches, newest first."
)
@click.option("--diverse", is_flag=True, help="Photos unlike those before them come sooner.")
@click.option("--like", multiple=True, type=int, help="Id of a photo that is right: more like it (several times).")
@click.option("--dislike", multiple=True, type=int, help="Id of a photo that is wrong: fewer like it.")
@click.option(
    "--fold/--no-fold",
    default=None,
    help="Copies and bursts as one result [default: as one; each for itself with --paths, -0 and --json]",
)
@as_json
@paths_only
@nul
@thumbnails
@click.pass_obj
@command
def search(
    services: Services,
    query: Sequence[str],
    top: int,
    images: Sequence[str],
    matches: bool,
    as_json: bool,
    paths: bool,
    null: bool,
    thumbnails: str,
    fold: bool | None,
    **ranking: Any,
) -> None:
    """Find photos by QUERY, best first, each with its relevance (0..1) and its score (cosine).

    What matches comes first; "matches end here" on stderr says where others begin.

    \b
      sightline search a dog on the beach
      sightline search a dog on the beach -people date:2019..2021-06
      sightline search -k 5 --paths birthday cake | xargs -d '\\n' cp -t ~/party
      sightline search --image sofa.jpg --image lamp.png^0.5 a bright room

    \b
    A query is a description and, anywhere in it:
      beach^2  '(red car)^0.5'     counts more, or less
      -people  -'(a red car)'      rather not with these
      photo:123                    like this photo
      '"IMG_20*"'  -'"draft"'      these words in its path, title, caption or keywords; or not
      date:2019  date:2019-06..    taken then: a year, month, day, a range, last-month ...
      folder:Italy  folder:2019/*  in a folder of this name
      kind:photo|raw  kind:video   orientation:portrait|square
      camera:nikon  rating:>=4  keyword:Rex  near:48.858,2.294,5km
    A - before a filter turns it round. Quote what your shell would take for itself.
    """
    folded = not (paths or null or as_json) if fold is None else fold
    asked = _with_pictures(services, " ".join(query), images)
    results = services.search(asked, top, Ranking(**ranking, fold=folded))
    if matches:
        results = replace(results, hits=results.hits[: results.matches])
    _show(services, asked, results, as_json, paths, null, thumbnails)


def _with_pictures(services: Services, line: str, images: Sequence[str]) -> Query:
    """A line of the query language together with pictures."""
    if not images:
        return parse(line)
    like, unlike = list[Part](), list[Part]()
    for image in images:
        part, wanted = _picture(services, image)
        (like if wanted else unlike).append(part)
    if not line.strip():
        return Query(weighted=tuple(like), minus=tuple(unlike))
    written = parse(line)
    return replace(written, weighted=(*written.weighted, *like), minus=(*written.minus, *unlike))


def _picture(services: Services, image: str) -> tuple[Part, bool]:
    """A file with its weight, and whether it is wanted; one that is in the library is not read again."""
    path, weight = image, 1.0
    if not os.path.exists(image) and (said := re.fullmatch(r"(.+)\^(-?\d+(?:\.\d+)?)", image)):
        path, weight = said[1], float(said[2])
    photo_id = id_of(services, path)
    return Part(photo_id or Path(path), abs(weight)), weight >= 0


@click.command()
@click.argument("photo")
@top
@as_json
@paths_only
@nul
@thumbnails
@click.pass_obj
@command
def similar(services: Services, photo: str, top: int, as_json: bool, paths: bool, null: bool, thumbnails: str) -> None:
    """Find photos like PHOTO: a file, or the id of a photo in the library.

    \b
      sightline similar IMG_1.jpg -k 5
      sightline similar 123 --paths
    """
    photo_id = id_of(services, photo)
    query = Query(photos=(photo_id,)) if photo_id else Query(images=(Path(photo),))
    _show(services, query, services.search(query, top), as_json, paths, null, thumbnails)


def _show(
    services: Services, query: Query, results: Results, as_json: bool, paths: bool, null: bool, thumbnails: str
) -> None:
    if not results.searched:
        raise AppError("the library is empty: sightline index FOLDER")
    if as_json:
        items = [
            asdict(hit.photo)
            | {"score": hit.score, "relevance": hit.relevance, "time_s": hit.time_s, "alike": hit.alike}
            for hit in results.hits
        ]
        found = {name: getattr(results, name) for name in ("matches", "matches_end", "searched", "took_ms")}
        click.echo(json.dumps({"items": items, "names": results.names} | found, default=str))
    elif null:
        click.echo("".join(f"{hit.photo.path}\0" for hit in results.hits), nl=False)
    else:
        _list(services, results, paths, thumbnails)
    if not results.hits:
        click.echo(f"nothing found: {emptied(services.search, query)}", err=True)
        sys.exit(1)


def _list(services: Services, results: Results, paths: bool, thumbnails: str) -> None:
    """A line for each result, below its thumbnail where the terminal shows them."""
    if results.names:
        click.echo(f"understood: {', '.join(results.names)}", err=True)
    method = "none"
    if sys.stdout.isatty() and not paths and thumbnails != "none":
        from app.terminal import detect

        method = detect() if thumbnails == "auto" else thumbnails
    for place, hit in enumerate(results.hits):
        if place == results.matches_end:
            click.echo("-- matches end here --" if place else "nothing matches; these come nearest:", err=True)
        score = "" if hit.score is None else f"{hit.relevance:.2f}  {hit.score:.3f}  "
        if method != "none":
            click.echo(_thumbnail(services, hit, method), nl=False)
        at = "" if hit.time_s is None else f"  at {clock(hit.time_s)}"
        alike = f"  (+{len(hit.alike)} alike)" if hit.alike else ""
        click.echo(hit.photo.path if paths else f"{score}{hit.photo.path}{at}{alike}")


def _thumbnail(services: Services, hit: Hit, method: str) -> str:
    from PIL import Image

    from app.photos import thumbnail_file
    from app.terminal import drawn

    try:
        with Image.open(thumbnail_file(services.library, hit.photo)) as picture:
            return drawn(picture, method)
    except (OSError, AppError, IndexerError):
        return ""  # the result is still a result
