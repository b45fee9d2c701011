"""Options that several commands have."""

import click

templates_option = click.option(
    "--templates",
    default="default",
    show_default=True,
    metavar="SET|FILE",
    help="What each class is asked with: default (3), openai (80, the paper's), simple (7), "
    "or a text file with {} in each line.",
)
precision_option = click.option(
    "--precision",
    type=click.Choice(["auto", "fp32", "bf16", "int8"]),
    default="auto",
    show_default=True,
    help="auto: the fastest whose vectors agree with fp32 on real pictures and captions.",
)
architecture_option = click.option(
    "--architecture", help="As open_clip spells it, where a weights file does not say its own."
)
