"""An unchanging part of an index: ids, their half-precision codes, and a scan that finds candidates among them.

Rows can be buried, no more: what changes lives beside it (`ExactIndex`) until the next snapshot makes a new segment.
"""

import numpy as np
from numpy.typing import NDArray

from indexer.vectors.base import Ids, Vectors
from indexer.vectors.choice import Kind
from indexer.vectors.half import AnyCodes, Codes, best_rows
from indexer.vectors.scan import ExactScan, Reach, Scan

_SCORES_A_SCAN = 30  # so many rows are scanned in the time that scoring one exactly takes
_ROUNDING = 10  # a scan that scores in another order of additions may swap neighbours
_SPARE = 1.2  # more candidates than the share of rows that may be found asks for
_NOTHING = np.empty(0, np.float32), np.empty(0, np.int64)


class Segment:
    """`ids` ascend; row i of `codes` (n, dim) belongs to ids[i]. Without a `reach` the scan is exact."""

    def __init__(self, ids: Ids, codes: AnyCodes, scan: Scan | ExactScan, reach: Reach | None = None) -> None:
        self.ids, self.codes, self.scan, self.reach = ids, codes, scan, reach
        self.alive: NDArray[np.bool_] = np.ones(len(ids), bool)
        self._count = len(ids)

    def __len__(self) -> int:
        return self._count

    @property
    def kind(self) -> Kind:
        return self.scan.kind

    @property
    def buried(self) -> int:
        return len(self.ids) - self._count

    def bury(self, ids: Ids) -> None:
        """Takes ids out; those that are not there are ignored."""
        self.alive[self._rows_of(ids)] = False
        self._count = int(np.count_nonzero(self.alive))

    def _rows_of(self, ids: Ids) -> Ids:
        """The rows of those ids that are there."""
        if not len(self.ids):
            return np.empty(0, np.int64)
        rows = np.minimum(np.searchsorted(self.ids, ids), len(self.ids) - 1)
        return rows[self.ids[rows] == ids]

    def codes_of(self, ids: Ids) -> tuple[Ids, Codes]:
        """Which places of `ids` are of rows that are here and not buried, and the codes of those (n, dim)."""
        if not len(self.ids):
            return np.empty(0, np.int64), self.codes[:0]
        rows = np.minimum(np.searchsorted(self.ids, ids), len(self.ids) - 1)
        places = np.flatnonzero((self.ids[rows] == ids) & self.alive[rows])
        return places, self.codes[rows[places]]

    def search(self, query: Vectors, k: int, allowed: Ids | None = None) -> tuple[Vectors, Ids]:
        """The k best for a query (dim,), best first: scores and ids. Exactly scored, and k of them when there are k."""
        eligible, count = self.alive, self._count
        if allowed is not None and len(allowed) * _SCORES_A_SCAN <= len(self.ids):
            rows = self._rows_of(np.unique(allowed))
            return self._best(rows[self.alive[rows]], query, k)
        if allowed is not None:
            eligible = self.alive & np.isin(self.ids, allowed)
            count = int(np.count_nonzero(eligible))
        return self._search(query[None], k, eligible, count)[0]

    def search_many(self, queries: Vectors, k: int) -> list[tuple[Vectors, Ids]]:
        """The same for each of (q, dim) queries, all rows allowed."""
        return self._search(queries, k, self.alive, self._count)

    def _search(self, queries: Vectors, k: int, eligible: NDArray[np.bool_], count: int) -> list[tuple[Vectors, Ids]]:
        """The k best of the eligible rows, of which there are `count`."""
        k = min(k, count)
        if k == 0:
            return [_NOTHING for _ in queries]
        if not isinstance(self.scan, ExactScan):
            return [self._best(self._candidates(self.scan, query, k, eligible, count), query, k) for query in queries]
        if (rough := self.scan.rough()) is not None:
            among = rough.candidates(queries, k, eligible)
            return [self._best(rows, query, k) for rows, query in zip(among, queries, strict=True)]
        return [self._best(np.flatnonzero(eligible), query, k) for query in queries]

    def _best(self, rows: Ids, query: Vectors, k: int) -> tuple[Vectors, Ids]:
        """The k best of rows, which ascend, exactly scored."""
        if min(k, len(rows)) == 0:
            return _NOTHING
        scores, best = best_rows(self.codes, rows, query, min(k, len(rows)))
        return scores, self.ids[best]

    def _candidates(self, scan: Scan, query: Vectors, k: int, eligible: NDArray[np.bool_], count: int) -> Ids:
        """Rows among which the k best eligible ones are: scanned for, or all of them where that costs less.

        The best that a scan finds may be buried or not allowed: then it is asked for more, and at last all are scored.
        """
        total = len(self.ids)
        wanted = min(self.reach.candidates(k) if self.reach else k + _ROUNDING, count)
        ask = wanted if count == total else int(_SPARE * wanted * total / count) + 1
        while count * _SCORES_A_SCAN > total + ask * _SCORES_A_SCAN:
            found = scan.candidates(query, ask)
            rows = found[eligible[found]][:wanted]
            if len(rows) == wanted:
                return np.sort(rows)
            if len(found) < ask:
                break  # it gives no more
            ask *= 8
        return np.flatnonzero(eligible)
