"""sightline tags: tags of photos, and suggestions of them."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict

import click

from app.commands.options import as_json, command, listing
from app.commands.photo import ids_of
from app.counts import count_of
from app.services import Services
from app.vocabularies import DEFAULT_VOCABULARY

write_xmp = click.option(
    "--write-xmp", is_flag=True, help="Also into XMP side-cars beside the photos, for other programs to read."
)


@click.group(invoke_without_command=True)
@as_json
@click.pass_context
@command
def tags(context: click.Context, as_json: bool) -> None:
    """Tag photos, have tags suggested, and list them. On its own: all tags, and how many photos have each.

    Tags are kept in the library; photos are never changed. `keyword:` in a search finds them, beside the keywords that
    files have.

    \b
      sightline tags
      sightline tags add beach IMG_1.jpg IMG_2.jpg --write-xmp
      sightline search --paths rex on the beach | xargs -d '\\n' sightline tags add Rex
      sightline tags suggest --threshold 0.6
      sightline tags accept dog cat --least 0.8
      sightline search keyword:dog
    """
    if context.invoked_subcommand is not None:
        return
    from app.tags import TagCount, list_tags

    def line(tag: TagCount) -> str:
        suggested = f"  ({tag.suggested:,} suggested)" if tag.suggested else ""
        return f"{tag.own + tag.in_files:6,}  {tag.tag}{suggested}"

    none = "no photo has a tag: sightline tags add TAG PHOTO, or sightline tags suggest"
    listing(list_tags(context.obj.library), as_json, line, none)


@tags.command()
@click.argument("tag")
@click.argument("photos", nargs=-1, required=True)
@write_xmp
@click.pass_obj
@command
def add(services: Services, tag: str, photos: Sequence[str], write_xmp: bool) -> None:
    """Give PHOTOS (files, or ids) a TAG; several with commas between them."""
    from app import tags as module

    ids = ids_of(services, photos)
    added = module.add(services.library, ids, tag.split(","))
    click.echo(f"{added:,} added", err=True)
    if write_xmp:
        _write(services, ids)


@tags.command()
@click.argument("tag")
@click.argument("photos", nargs=-1, required=True)
@write_xmp
@click.pass_obj
@command
def remove(services: Services, tag: str, photos: Sequence[str], write_xmp: bool) -> None:
    """Take a TAG, or the suggestion of it, from PHOTOS. Keywords that the files themselves hold stay."""
    from app import tags as module

    ids, names = ids_of(services, photos), tag.split(",")
    click.echo(f"{module.remove(services.library, ids, names):,} removed", err=True)
    if write_xmp:
        _write(services, ids, names)


@tags.command()
@click.option("--threshold", default=0.5, show_default=True, type=float, help="The least probability that it holds.")
@click.option(
    "--vocabulary", default=DEFAULT_VOCABULARY, show_default=True, help="A name, a file, or a folder of lists."
)
@as_json
@click.pass_obj
@command
def suggest(services: Services, threshold: float, vocabulary: str, as_json: bool) -> None:
    """Suggest tags for every photo, in place of earlier suggestions; what was rejected is not suggested again."""
    from app import tags as module
    from app.bars import counted

    describe = services.describe
    encoded = describe.encoded(describe.tags_at(vocabulary))
    with counted("Suggesting tags") as progress:
        found = module.suggest(services.library, describe.likelihood, encoded, threshold, progress)
    click.echo(
        f"{count_of(found.tags, 'suggestion')} for {count_of(found.photos, 'photo')}: sightline tags accept, or reject",
        err=True,
    )
    if as_json:
        click.echo(json.dumps(asdict(found)))


@tags.command()
@click.argument("names", nargs=-1, metavar="[TAG]...")
@click.option("--photo", "photos", multiple=True, help="Only of this photo (several times).")
@click.option("--least", default=0.0, type=click.FloatRange(0, 1), help="Only suggestions at least this probable.")
@click.pass_obj
@command
def accept(services: Services, names: Sequence[str], photos: Sequence[str], least: float) -> None:
    """Make suggestions tags: of the TAGs named, or all."""
    from app import tags as module

    accepted = module.accept(services.library, names, ids_of(services, photos), least)
    click.echo(f"{accepted:,} accepted", err=True)


@tags.command()
@click.argument("names", nargs=-1, metavar="[TAG]...")
@click.option("--photo", "photos", multiple=True, help="Only of this photo (several times).")
@click.pass_obj
@command
def reject(services: Services, names: Sequence[str], photos: Sequence[str]) -> None:
    """Put suggestions away for good: of the TAGs named, or all."""
    from app import tags as module

    click.echo(f"{module.reject(services.library, names, ids_of(services, photos)):,} rejected", err=True)


@tags.command("of")
@click.argument("photo")
@as_json
@click.pass_obj
@command
def of(services: Services, photo: str, as_json: bool) -> None:
    """The tags of a PHOTO, and what is suggested."""
    from app.tags import tags_of

    (photo_id,) = ids_of(services, [photo])
    found = [
        {"tag": tag, "state": str(state), "probability": p} for tag, state, p in tags_of(services.library, photo_id)
    ]
    if as_json:
        click.echo(json.dumps(found))
        return
    for item in found:
        click.echo(
            f"{item['tag']}" + (f"  (suggested, {item['probability']:.0%})" if item["state"] == "suggested" else "")
        )


@tags.command("write-xmp")
@click.argument("photos", nargs=-1)
@click.pass_obj
@command
def write_all(services: Services, photos: Sequence[str]) -> None:
    """Write tags into the XMP side-cars of PHOTOS, or of all that have tags. What others wrote there is kept."""
    from app.tags import tagged_photos

    _write(services, ids_of(services, photos) or tagged_photos(services.library))


def _write(services: Services, ids: Sequence[int], removed: Sequence[str] = ()) -> None:
    from app.tags import write_sidecars

    changed, failed = write_sidecars(services.library, ids, removed)
    click.echo(f"{changed:,} side-cars written", err=True)
    for path, reason in failed.items():
        click.echo(f"  {path}: {reason}", err=True)
    if failed:
        sys.exit(1)
