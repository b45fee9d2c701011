"""Which queries a text holds, by one automaton over all of them.

Text and queries are words with single spaces between and a space at each end, so that a query found in the text is
found on word boundaries, and one pass over the text finds all 500,000.
docs/decisions/2026-11-25-pairs.md tells which automata were measured.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache, partial
from hashlib import blake2b
from pathlib import Path

import pyarrow as pa

from clipcore.pairs.parts import Counted
from clipcore.pairs.queries import read_queries
from clipcore.pairs.skipped import Skipped
from clipcore.pairs.stages import Stage, Workers
from clipcore.pairs.words import normalised

UNMATCHED = "captions that no query matches"


class Matcher:
    """An automaton of queries: normalised, each once."""

    def __init__(self, queries: Sequence[str]) -> None:
        from ahocorasick_rs import AhoCorasick

        self.queries = tuple(queries)
        self._automaton = AhoCorasick([f" {query} " for query in queries], store_patterns=False)

    def match(self, texts: Iterable[str]) -> list[int]:
        """The numbers of the queries that one text or another holds as whole words, in order."""
        find = self._automaton.find_matches_as_indexes
        return sorted({found[0] for text in texts for found in find(f" {normalised(text)} ", overlapping=True)})


def match_queries(source: Path, out: Path, queries: Path, workers: Workers | None = None) -> Counted:
    """Adds the column ``queries`` (numbers of lines of the query file) to the parts of `source`; drops unmatched pairs.

    Raises:
        PairsError: the query file, or a part, cannot be read or written.
    """
    known = read_queries(queries)
    identity = blake2b("\n".join(known).encode(), digest_size=16).hexdigest()
    stage = Stage("match", out, {"queries": len(known), "identity": identity})
    return stage.transform(source, partial(_match, queries, identity), workers or Workers())


@lru_cache(1)
def _matcher(queries: Path, identity: str) -> Matcher:
    """Made once in each process."""
    return Matcher(read_queries(queries))


def _match(queries: Path, identity: str, table: pa.Table) -> tuple[pa.Table, Skipped]:
    matcher = _matcher(queries, identity)
    found = [matcher.match(captions) for captions in table.column("captions").to_pylist()]
    skipped = Skipped()
    for key, matched in zip(table.column("key").to_pylist(), found, strict=True):
        if not matched:
            skipped.add(UNMATCHED, key)
    matches = table.append_column("queries", pa.array(found, pa.list_(pa.int32())))
    return matches.filter(pa.array([bool(matched) for matched in found], pa.bool_())), skipped
