"""``python -m clipcore pairs``: a data set of pictures with captions, from candidates to balanced shards."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from clipcore.pairs.balancing import Balance
    from clipcore.pairs.filters import Filters
    from clipcore.pairs.parts import Counted
    from clipcore.pairs.sources import Reading
    from clipcore.pairs.stages import Workers

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)
STAGE = click.Path(exists=True, file_okay=False, path_type=Path)


@click.group()
def pairs() -> None:
    """Build a data set of pictures with captions as the CLIP paper's was (section 2.2).

    \b
    All of it, from any mix of WebDataset tars, folders with side-car captions and tables:
      python -m clipcore pairs queries corpus.txt.gz --out queries.txt
      python -m clipcore pairs build 'shards/{0000..0099}.tar' photos/ table.csv --queries queries.txt --out my-pairs
      python -m clipcore train fine_tune --from ViT-B-32/openai --pairs 'my-pairs/*.tar' --out runs/mine

    \b
    Or stage by stage: candidates, filter, deduplicate, match, balance, shards. A stage that is stopped goes on where
    it was when the same command is run again; one that is finished does nothing.
    """


def _options(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def add(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return add


out_option = click.option("--out", type=FOLDER, required=True, help="A folder of its own.")
worker_options = _options(
    click.option("--workers", default=1, show_default=True, type=click.IntRange(1), help="Processes of this machine."),
    click.option("--ray", is_flag=True, help="Over Ray Data instead: the cluster that RAY_ADDRESS names."),
)
reading_options = _options(
    click.option("--caption-column", default="", help="Of tables. [default: caption, title, text, alt ...]"),
    click.option("--path-column", default="", help="Of tables. [default: path, filepath, file, image ...]"),
    click.option("--url-column", default="", help="Of tables. [default: url, image_url ...]"),
    click.option(
        "--template",
        multiple=True,
        metavar="FIELD=TEXT",
        help='For pictures without captions: "label=a photo of a {}". Repeatable.',
    ),
)
filter_options = _options(
    click.option("--language", multiple=True, help="Keep captions in it (en, de ...). Repeatable. [default: any]"),
    click.option("--min-words", default=2, show_default=True, help="Of a caption."),
    click.option("--max-words", default=256, show_default=True, help="Of a caption."),
    click.option("--min-side", default=64, show_default=True, help="Pixels of the shorter side."),
    click.option("--max-aspect", default=4.0, show_default=True, help="Longer side over shorter side."),
)
by_option = click.option(
    "--by",
    multiple=True,
    type=click.Choice(["image", "text"]),
    default=("image", "text"),
    show_default=True,
    help="What is compared. Take image alone where many pictures share a label.",
)
balance_options = _options(
    click.option("--per-query", default=20_000, show_default=True, type=click.IntRange(1), help="Pairs a query draws."),
    click.option("--probabilistic", is_flag=True, help="MetaCLIP's form: keep with probability max t / count."),
    click.option("--seed", default=0, show_default=True, help="Another one draws other pairs."),
)
shard_option = click.option("--per-shard", default=10_000, show_default=True, type=click.IntRange(1), help="Pairs.")
sources_argument = click.argument("sources", nargs=-1, required=True)
source_argument = click.argument("source", type=STAGE)


@pairs.command("build")
@sources_argument
@click.option("--queries", type=FILE, help="One a line. Without it nothing is matched or balanced.")
@reading_options
@filter_options
@by_option
@balance_options
@shard_option
@worker_options
@out_option
def build_command(
    sources: tuple[str, ...], queries: Path | None, by: tuple[str, ...], per_shard: int, out: Path, **given: Any
) -> None:
    """From SOURCES to balanced shards with their data card, all stages in a row.

    SOURCES are WebDataset tars ('shards/{0000..0099}.tar'), folders, or tables (.csv, .tsv, .parquet).
    """
    from clipcore.pairs.build import Plan, build
    from clipcore.pairs.sources import find_sources

    plan = Plan(_reading(given), _filters(given), by, queries, _balance(given), per_shard)
    click.echo(build(find_sources(sources), out, plan, _workers(given), _tell))


@pairs.command()
@sources_argument
@reading_options
@worker_options
@out_option
def candidates(sources: tuple[str, ...], out: Path, **given: Any) -> None:
    """Read SOURCES (tars, folders, tables) into parts; pictures stay where they are."""
    from clipcore.pairs.candidates import gather
    from clipcore.pairs.sources import find_sources

    _tell("candidates", gather(find_sources(sources), out, _reading(given), _workers(given)))


@pairs.command("filter")
@source_argument
@filter_options
@worker_options
@out_option
def filter_command(source: Path, out: Path, **given: Any) -> None:
    """Keep the pairs of SOURCE with good captions and sound pictures."""
    from clipcore.pairs.filters import keep_good

    _tell("filter", keep_good(source, out, _filters(given), _workers(given)))


@pairs.command()
@source_argument
@by_option
@worker_options
@out_option
def deduplicate(source: Path, by: tuple[str, ...], out: Path, **given: Any) -> None:
    """Of the same and nearly the same pairs of SOURCE keep the first."""
    from clipcore.pairs.deduplicate import drop_duplicates

    _tell("deduplicate", drop_duplicates(source, out, by, _workers(given)))


@pairs.command()
@click.argument("corpus", nargs=-1, required=True, type=FILE)
@click.option("--titles", type=FILE, help="More queries, one a line: titles of articles, names.")
@click.option("--wordnet", type=STAGE, help="WordNet's database files (Debian: wordnet-base, /usr/share/wordnet).")
@click.option("--min-count", default=100, show_default=True, help="Occurrences of a word or bigram.")
@click.option("--min-pmi", default=3.0, show_default=True, help="Mutual information of a bigram, nats.")
@click.option("--most", default=500_000, show_default=True, help="Queries.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="A text file.")
def queries(corpus: tuple[Path, ...], titles: Path | None, wordnet: Path | None, out: Path, **rules: Any) -> None:
    """Make a query list from CORPUS: text files, .gz too, a sentence or an article a line."""
    from clipcore.pairs.queries import QueryRules, build_queries, read_lines, write_queries
    from clipcore.pairs.wordnet import read_lemmas

    named = read_lines(titles) if titles else ()
    built = build_queries(corpus, named, read_lemmas(wordnet) if wordnet else (), QueryRules(**rules))
    write_queries(built.queries, out)
    click.echo(f"{out}: {', '.join(f'{count} {name}' for name, count in built.counts.items() if count)}", err=True)


@pairs.command()
@source_argument
@click.option("--queries", type=FILE, required=True, help="One a line.")
@worker_options
@out_option
def match(source: Path, queries: Path, out: Path, **given: Any) -> None:
    """Find the queries in the captions of SOURCE; drop the pairs that none matches."""
    from clipcore.pairs.matching import match_queries

    _tell("match", match_queries(source, out, queries, _workers(given)))


@pairs.command("balance")
@source_argument
@balance_options
@worker_options
@out_option
def balance_command(source: Path, out: Path, **given: Any) -> None:
    """Draw at most so many pairs a query from a matched SOURCE."""
    from clipcore.pairs.balancing import balance

    _tell("balance", balance(source, out, _balance(given), _workers(given)))


@pairs.command()
@source_argument
@click.option("--queries", type=FILE, help="The list that SOURCE was matched with, to name queries in shards and card.")
@shard_option
@worker_options
@out_option
def shards(source: Path, queries: Path | None, per_shard: int, out: Path, **given: Any) -> None:
    """Write the pairs of SOURCE as WebDataset shards with a data card."""
    from clipcore.pairs.card import write_card
    from clipcore.pairs.shards import write_shards

    _tell("shards", write_shards(source, out, queries, per_shard, _workers(given)))
    click.echo(write_card(out, queries))


@pairs.command()
@click.argument("table", type=FILE)
@click.option("--url-column", "url", default="url", show_default=True)
@click.option("--caption-column", "caption", default="caption", show_default=True)
@click.option("--side", default=512, show_default=True, help="Longest side kept, pixels.")
@click.option("--threads", default=64, show_default=True, help="Connections at a time.")
@out_option
def download(table: Path, out: Path, **how: Any) -> None:
    """Fetch the pictures of a TABLE of URLs through img2dataset, into shards that `build` takes."""
    from clipcore.pairs.download import Fetch, fetch

    fetched = fetch(table, out, Fetch(**how))
    told = ", ".join(f"{count} {status}" for status, count in fetched.statuses.most_common())
    click.echo(f"{len(fetched.shards)} shards in {out}: {told}", err=True)


def _tell(name: str, counted: Counted) -> None:
    """What a stage came to, on stderr."""
    click.echo(f"{name}: {counted.kept} of {counted.taken} pairs", err=True)
    for line in counted.skipped.lines():
        click.echo(f"  left out {line}", err=True)


def _workers(given: dict[str, Any]) -> Workers:
    from clipcore.pairs.stages import Workers

    return Workers(given["workers"], given["ray"])


def _reading(given: dict[str, Any]) -> Reading:
    from clipcore.pairs.sources import Reading
    from clipcore.pairs.tables import Columns

    templates: dict[str, list[str]] = {}
    for template in given["template"]:
        field, _, text = template.partition("=")
        if "{}" not in text:
            raise click.BadParameter(f"{template}: expected FIELD=TEXT with {{}} in it: label=a photo of a {{}}")
        templates.setdefault(field, []).append(text)
    return Reading(templates, Columns(given["caption_column"], given["path_column"], given["url_column"]))


def _filters(given: dict[str, Any]) -> Filters:
    from clipcore.pairs.filters import Filters

    return Filters(
        languages=given["language"],
        min_words=given["min_words"],
        max_words=given["max_words"],
        min_side=given["min_side"],
        max_aspect=given["max_aspect"],
    )


def _balance(given: dict[str, Any]) -> Balance:
    from clipcore.pairs.balancing import Balance

    return Balance(given["per_query"], "probability" if given["probabilistic"] else "cap", given["seed"])
