"""``python -m clipcore export``: an encoder as a bundle, which runs without torch."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from clipcore.commands.options import architecture_option

RECIPE = "recipe.json"  # what makes a folder that of a `train` run

if TYPE_CHECKING:
    from clipcore.accelerate import GraphPrecision
    from clipcore.bundle import Bundle


@click.command()
@click.argument("source")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Its folder; it must not exist yet.")
@click.option("--name", help="What the encoder calls itself. [default: the weights' name, or starter]")
@architecture_option
@click.option(
    "--precision",
    type=click.Choice(["auto", "fp32", "int8"]),
    default="auto",
    show_default=True,
    help="auto: 8 bits for each tower whose vectors then agree with fp32.",
)
@click.option(
    "--checkpoint",
    type=click.Choice(["best", "last"]),
    default="best",
    show_default=True,
    help="Of a train run: the best by held-out recall, or the last.",
)
@click.option(
    "--vocabulary",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The merges file it was trained with, where that is not OpenAI's.",
)
def export(
    source: str,
    out: Path,
    name: str | None,
    architecture: str | None,
    precision: "GraphPrecision",
    checkpoint: str,
    vocabulary: Path | None,
) -> None:
    """Write an encoder as a bundle: two ONNX graphs, its tokenizer, its preprocessing, a manifest that hashes them.

    SOURCE is weights as load_encoder takes them (a file, a folder, "ViT-B-32/openai"), or the folder of a `train` run.
    Of weights, the bundle holds safetensors and a card too. The graphs are compared with torch before the bundle is
    accepted, and --precision auto puts 8-bit graphs in place of those that agree and are slower.

    \b
      python -m clipcore export ViT-B-32/openai --out my-encoder
      sightline --encoder my-encoder index ~/Pictures
    """
    if (Path(source) / RECIPE).is_file():
        bundle = _of_run(Path(source), out, name, checkpoint, precision)
    else:
        bundle = _of_weights(source, out, name, architecture, precision, vocabulary)
    click.echo(f"{bundle.folder} {bundle.precision} {bundle.fingerprint}", err=True)


def _of_run(run: Path, out: Path, name: str | None, checkpoint: str, precision: "GraphPrecision") -> "Bundle":
    from clipcore.export import export_clip
    from clipcore.export_locked import export_run
    from clipcore.training.trained import is_run, trained

    if not is_run(run):
        return export_run(run, out, name or "starter")
    model = trained(run, checkpoint)
    return export_clip(
        *(model.clip, model.preprocessing, out, name or run.resolve().name, model.merges),
        precision=precision,
        whole=True,
    )


def _of_weights(
    source: str,
    out: Path,
    name: str | None,
    architecture: str | None,
    precision: "GraphPrecision",
    vocabulary: Path | None,
) -> "Bundle":
    from clipcore.export import export_clip
    from clipcore.load import WEIGHTS_VARIABLE
    from clipcore.model import read_model
    from clipcore.weights import find_weights

    folder = os.environ.get(WEIGHTS_VARIABLE)
    model = read_model(find_weights(source, architecture, Path(folder) if folder else None), vocabulary)
    return export_clip(
        *(model.clip, model.preprocessing, out, name or model.name, model.merges), precision=precision, whole=True
    )
