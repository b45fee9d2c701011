"""sightline switch, models: the encoders of a library, and going over to another one."""

import click

from app.commands.index import stopped_by_signals
from app.commands.options import as_json, command, listing
from app.counts import count_of, megabytes
from app.services import Services
from indexer.encoders import KnownEncoder, forget_encoder, list_encoders
from indexer.library import Library
from indexer.settings import load_settings
from indexer.switch import switch_encoder


@click.command()
@click.argument("encoder")
@click.option("--architecture", help="As open_clip spells it, where a weights file does not say its own.")
@click.option("--leave-unreadable", is_flag=True, help="Go over although some photos cannot be read now.")
@click.pass_obj
@command
def switch(services: Services, encoder: str, architecture: str | None, leave_unreadable: bool) -> None:
    """Make ENCODER the one that searches use: 'starter', a bundle, a weights file, or a name like ViT-B-32/openai.

    Every photo is looked at with it first, while searches go on with the encoder there is. Interrupt it when you like:
    the same command goes on from there. Then all searches, in running servers too, go over at once. The vectors of the
    old encoder are kept, so that switching back takes no time, until `sightline models forget`.

    \b
      sightline switch ViT-B-32/laion2b_s34b_b79k
      sightline switch ~/models/my-clip
    """
    from app.bars import counted

    settings = services.library.settings
    chosen = load_settings(
        **settings.model_dump(exclude={"encoder", "encoder_architecture"}, exclude_unset=True),
        encoder=encoder,
        encoder_architecture=architecture,
    )
    with stopped_by_signals() as stop, counted("Looking at every photo") as progress:
        build = switch_encoder(
            Library(chosen, services.library.catalog),
            leave_unreadable=leave_unreadable,
            progress=lambda build: progress(build.done, build.total),
            stop=stop,
        )
    if not build.switched:
        raise KeyboardInterrupt
    click.echo(f"searches use {build.encoder} now, which looked at {count_of(build.done, 'photo')}", err=True)
    if "encoder" in settings.model_fields_set:
        click.echo(f"but the settings still name {settings.encoder}: take SIGHTLINE_ENCODER or `encoder` out", err=True)


@click.group(invoke_without_command=True)
@as_json
@click.pass_context
def models(context: click.Context, as_json: bool) -> None:
    """List the encoders that the library has vectors of; `models forget` removes those of one."""
    if context.invoked_subcommand is None:
        _list(context.obj, as_json)


@command
def _list(services: Services, as_json: bool) -> None:
    def line(encoder: KnownEncoder) -> str:
        mark = "*" if encoder.active else " "
        size = f"{count_of(encoder.vectors, 'vector')}, {megabytes(encoder.size)}"
        return f"{mark} {encoder.name}  {encoder.fingerprint}  {encoder.dim}-d  {size}"

    none = "no encoder has been used yet: sightline index FOLDER"
    listing(list_encoders(services.library), as_json, line, none)


@models.command()
@click.argument("name")
@click.pass_obj
@command
def forget(services: Services, name: str) -> None:
    """Remove the vectors of the encoder NAME (or its fingerprint), which is not the one in use."""
    count = forget_encoder(services.library, name)
    click.echo(f"{name}: {count_of(count, 'vector')} removed", err=True)
