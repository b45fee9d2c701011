"""All stages in a row, from sources to balanced shards with their card."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from clipcore.pairs.balancing import Balance, balance
from clipcore.pairs.candidates import gather
from clipcore.pairs.card import write_card
from clipcore.pairs.deduplicate import drop_duplicates
from clipcore.pairs.filters import Filters, keep_good
from clipcore.pairs.matching import match_queries
from clipcore.pairs.parts import Counted
from clipcore.pairs.shards import PER_SHARD, write_shards
from clipcore.pairs.sources import Reading
from clipcore.pairs.stages import Workers


@dataclass(frozen=True)
class Plan:
    """The settings of every stage."""

    reading: Reading = field(default_factory=Reading)
    filters: Filters = field(default_factory=Filters)
    duplicates_by: tuple[str, ...] = ("image", "text")
    queries: Path | None = None  # without them nothing is matched or balanced
    balance: Balance = field(default_factory=Balance)
    per_shard: int = PER_SHARD


def build(
    sources: Sequence[Path],
    out: Path,
    plan: Plan,
    workers: Workers,
    report: Callable[[str, Counted], None] = lambda name, counted: None,
) -> Path:
    """Runs every stage that is not finished yet; its parts lie in ``OUT/work``. Gives the card's path.

    Args:
        report: is told each stage's name and what it came to.

    Raises:
        PairsError: a stage cannot be done; what is finished stays, and the next run goes on from there.
    """
    work = out / "work"

    def done(name: str, counted: Counted) -> Path:
        report(name, counted)
        return work / name

    last = done("candidates", gather(sources, work / "candidates", plan.reading, workers))
    last = done("filtered", keep_good(last, work / "filtered", plan.filters, workers))
    if plan.duplicates_by:
        last = done("distinct", drop_duplicates(last, work / "distinct", plan.duplicates_by, workers))
    if plan.queries is not None:
        last = done("matched", match_queries(last, work / "matched", plan.queries, workers))
        last = done("balanced", balance(last, work / "balanced", plan.balance, workers))
    done("shards", write_shards(last, out, plan.queries, plan.per_shard, workers))
    return write_card(out, plan.queries)
