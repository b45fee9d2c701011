"""Photos that show the same, under one result: copies and bursts, as they were last compared (`indexer.alike`)."""

import threading
from collections.abc import Mapping, Sequence

from sqlalchemy import select

from indexer.catalog import Alike, Clock
from indexer.duplicates import connected
from indexer.library import Library

Judged = tuple[int, float | None, float]  # content id, score, relevance


class Folding:
    """The groups of one library, read again when they were compared again. Safe to use from several threads."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._lock = threading.Lock()
        self._read_at: tuple[int, int | None] | None = None
        self._groups: Mapping[int, int] = {}

    def __call__(self, judged: Sequence[Judged], matches: int) -> tuple[list[Judged], dict[int, list[int]], int]:
        """The first of each group, in order; which contents are folded under which; and how many of the first match."""
        groups = self._now()
        first: dict[int, int] = {}
        kept: list[Judged] = []
        folded: dict[int, list[int]] = {}
        matching = 0
        for place, item in enumerate(judged):
            group = groups.get(item[0])
            if group is not None and group in first:
                folded.setdefault(first[group], []).append(item[0])
                continue
            if group is not None:
                first[group] = item[0]
            kept.append(item)
            matching += place < matches
        return kept, folded, matching

    def _now(self) -> Mapping[int, int]:
        """The group of each content that is in one, named by one of its contents."""
        with self._lock, self._library.catalog.reading() as session:
            at, by = session.execute(select(Clock.compared_at, Clock.compared_by)).one()
            if (compared := (at, by)) != self._read_at:
                pairs = [(first, second) for first, second in session.execute(select(Alike.first_id, Alike.second_id))]
                self._groups = {one: group[0] for group in connected(pairs) for one in group}
                self._read_at = compared
            return self._groups
