"""python -m clipcore compositional: a generated set of pictures with sentences, compositions held out."""

from pathlib import Path

import click

from clipcore.commands.writing import writing


@click.command()
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Where the tars go.")
@click.option("--train", type=click.IntRange(min=0), default=20_000, show_default=True, help="Pictures to train on.")
@click.option(
    "--test", type=click.IntRange(min=0), default=1_000, show_default=True, help="Pictures in either set to ask about."
)
@click.option("--size", type=click.IntRange(min=32), default=64, show_default=True, help="Pixels of a side.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Another seed, another set.")
def compositional(out: Path, train: int, test: int, size: int, seed: int) -> None:
    """Draw pictures of coloured, textured shapes, with a sentence each, as WebDataset tars.

    \b
    "two small striped red circles above a large plain blue star"
      python -m clipcore compositional --out shapes
    writes
      shapes/train-00000.tar ...    without 16 of the 64 compositions of a colour with a shape
      shapes/familiar-00000.tar     other pictures of the compositions that are trained
      shapes/held-out-00000.tar     pictures of the 16 that are not
    each with KEY.png beside KEY.json: its "caption", and "distractors", sentences that are wrong in one thing:
    colour, shape, texture, size, count, relation, or binding (the colours swapped between the things).

    The same seed and size give the same bytes, and a longer set begins with the shorter one's pictures.
    """
    from clipcore.compositional.generated import SPLITS, CompositionalSet
    from clipcore.compositional.shards import write_shards
    from clipcore.progress import Progress

    generated = CompositionalSet(size, seed)
    with writing(out):
        for split in SPLITS:
            count = train if split == "train" else test
            for path in write_shards(generated, split, count, out, Progress(f"drawing {split}", count)):
                click.echo(path)
