"""Pages of one answer: what was ranked once is kept a while, so that no photo comes twice or is passed over.

A library changes while someone looks through an answer. Ranking anew for each page would move photos across its edge;
here a page goes on in the ranking that the first page began, and photos that are gone meanwhile are left out.
"""

import secrets
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, replace

from app.errors import QueryError
from app.query import Query
from app.ranking import Ranking
from app.search import MAX_RESULTS, Ranked, Results, Search

KEPT = 200  # answers


@dataclass(frozen=True)
class _Answer:
    query: Query
    ranking: Ranking
    ranked: Ranked
    whole: bool  # whether further photos cannot follow those that are ranked


class Pages:
    """Answers of one search, page by page. Safe to use from several threads."""

    def __init__(self, search: Search) -> None:
        self._search = search
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, _Answer] = OrderedDict()

    def first(self, query: Query, k: int, ranking: Ranking) -> tuple[Results, str | None]:
        """The first page, and the cursor of the next; None where there is none. Raises as a search does."""
        began = time.perf_counter()
        ranked = self._search.rank(query, ranking, k)
        whole = ranked.count >= min(ranked.searched, MAX_RESULTS) or ranking.sort == "date"
        return self._page(secrets.token_urlsafe(12), _Answer(query, ranking, ranked, whole), 0, k, began)

    def next(self, cursor: str, k: int) -> tuple[Results, str | None]:
        """The page that a cursor stands for, and the cursor of the one after it.

        Raises:
            QueryError: no such cursor, or it is too old.
        """
        began = time.perf_counter()
        token, _, start = cursor.rpartition(".")
        with self._lock:
            answer = self._kept.get(token)
        if answer is None or not (start.isascii() and start.isdecimal() and len(start) < 6):
            raise QueryError("the cursor is unknown or too old: search again without it")
        if not answer.whole and int(start) + k > len(answer.ranked.judged):
            answer = replace(
                answer, ranked=self._search.further(answer.query, answer.ranking, answer.ranked), whole=True
            )
        return self._page(token, answer, int(start), k, began)

    def _page(self, token: str, answer: _Answer, start: int, k: int, began: float) -> tuple[Results, str | None]:
        ranked = answer.ranked
        hits, after = self._search.hits(ranked, start, k)
        with self._lock:
            self._kept[token] = answer
            self._kept.move_to_end(token)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        matches = max(ranked.matches - start, 0)
        took_ms = (time.perf_counter() - began) * 1000
        results = Results(hits, matches, ranked.searched, took_ms, ranked.names)
        more = after < len(ranked.judged) or not answer.whole
        return results, f"{token}.{after}" if more and hits else None
