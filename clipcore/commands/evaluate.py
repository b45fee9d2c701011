"""python -m clipcore evaluate: retrieval, zero-shot classification and linear probes of one encoder."""

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from clipcore.commands.options import architecture_option, precision_option, templates_option
from clipcore.errors import ClipcoreError, EvaluationError

if TYPE_CHECKING:
    from clipcore.encoder import Encoder
    from clipcore.evaluation.datasets import DataSet
    from clipcore.evaluation.encoded import Unreadable
    from clipcore.load import Precision


class DataSetType(click.ParamType["DataSet"]):
    """The path of a data set, or PATH@PREFIX for the part of it whose keys begin with PREFIX."""

    name = "data"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> "DataSet":
        from clipcore.evaluation.datasets import DataSet

        try:
            return DataSet.parse(value)
        except EvaluationError as error:
            self.fail(str(error), param, ctx)


DATA = DataSetType()


@click.command()
@click.argument("encoder")
@click.option("--pairs", type=DATA, help="Captioned pictures: text-to-image and image-to-text retrieval.")
@click.option("--labelled", type=DATA, help="Pictures with a class each: zero-shot classification.")
@templates_option
@click.option(
    "--class-names",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What the classes are called: a JSON map of folder to name, or a name a line in the folders' order.",
)
@click.option(
    "--descriptions",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What the classes are: a JSON map of folder to a list of texts, asked beside the templates.",
)
@click.option("--probe-train", type=DATA, help="Pictures with a class each, to learn a linear probe from.")
@click.option("--probe-test", type=DATA, help="What the linear probe is measured on.")
@click.option("--probe-validation", type=DATA, help="What C is chosen by.  [default: a fifth of --probe-train]")
@click.option("--only", default="", help="Of each data set, only pictures whose key begins so.")
@architecture_option
@precision_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="A folder for results.json, charts (recall, confusion) and a page of the worst mistakes.",
)
def evaluate(
    encoder: str,
    pairs: "DataSet | None",
    labelled: "DataSet | None",
    templates: str,
    class_names: Path | None,
    descriptions: Path | None,
    probe_train: "DataSet | None",
    probe_test: "DataSet | None",
    probe_validation: "DataSet | None",
    only: str,
    architecture: str | None,
    precision: "Precision",
    as_json: bool,
    out: Path | None,
) -> None:
    """Measure ENCODER ("starter", a bundle's folder, a weights file, or a name like ViT-B-32/openai).

    \b
    Retrieval: recall@1, 5 and 10 and the median rank, both ways.
      python -m clipcore evaluate starter --pairs captions.csv
    Zero-shot: top-1, top-5 and mean per-class recall, as the paper asks, with charts and the worst mistakes.
      python -m clipcore evaluate ViT-B-32/openai --labelled imagenet/val --class-names names.json \\
          --templates openai --out report
    The paper's linear probe, on features before the projection.
      python -m clipcore evaluate weights.safetensors --probe-train pets/train --probe-test pets/test

    \b
    A data set is one of
      a folder       with a folder for each class
      a .tar         KEY.jpg beside KEY.json, {"captions": [...]} or {"label": ...}, or KEY.txt
      a .csv, .tsv   with a column of paths, relative to it, and one of captions; a row for each caption
    and DATA@PREFIX is the part of it whose keys begin so: photos.tar@dev/

    A picture that cannot be read is left out, counted and named on stderr; the exit status is then 1.
    """
    from clipcore.evaluation.report import Run, table, write_report
    from clipcore.evaluation.run import run_classification, run_linear_probe, run_retrieval
    from clipcore.load import load_encoder
    from clipcore.photos import register_heif
    from clipcore.prompts import load_templates

    if not (pairs or labelled or probe_train):
        raise click.UsageError("nothing to measure on: give --pairs, --labelled, or --probe-train and --probe-test")
    if bool(probe_train) != bool(probe_test) or (probe_validation and not probe_train):
        raise click.UsageError("a linear probe needs both --probe-train and --probe-test")
    pairs, labelled, probe_train, probe_test, probe_validation = (
        replace(data, only=data.only or only) if data else None
        for data in (pairs, labelled, probe_train, probe_test, probe_validation)
    )
    prompts = load_templates(templates)
    register_heif()
    loaded = load_encoder(encoder, architecture, precision=precision)
    if probe_train and not loaded.gives_features:
        loaded = _with_features(loaded, encoder, architecture, precision)

    runs: dict[str, Run] = {}
    if pairs:
        runs["retrieval"] = run_retrieval(loaded, pairs)
    if labelled:
        runs["classification"] = run_classification(loaded, labelled, prompts, class_names, descriptions)
    if probe_train and probe_test:
        runs["linear_probe"] = run_linear_probe(loaded, probe_train, probe_test, probe_validation)

    measured = {name: run.values for name, run in runs.items()}
    values = {"encoder": loaded.name, "fingerprint": loaded.fingerprint} | measured
    click.echo(json.dumps(values) if as_json else table(values))
    for path in write_report(out, values, runs) if out is not None else ():
        click.echo(f"wrote {path}", err=True)
    _name_unreadable([lost for run in runs.values() for lost in run.unreadable])


def _with_features(loaded: "Encoder", encoder: str, architecture: str | None, precision: "Precision") -> "Encoder":
    """The same encoder in torch, which can look before the projection; `loaded` where it is graphs alone."""
    from clipcore.load import load_encoder

    try:
        return load_encoder(
            encoder, architecture, runtime="torch", precision="auto" if precision == "int8" else precision
        )
    except ClipcoreError:
        click.echo(f"{loaded.name} has only its embeddings for a linear probe, not what comes before them", err=True)
        return loaded


def _name_unreadable(pictures: "Sequence[Unreadable]") -> None:
    """One line each; where there are any, what was measured is not the whole data set, and the command fails."""
    for lost in pictures:
        click.echo(f"left out: {lost.key}: {lost.reason}", err=True)
    if pictures:
        sys.exit(1)
