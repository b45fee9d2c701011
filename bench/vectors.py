"""Vector search beside exact half-precision search (FAISS) and numpy: python -m bench.vectors --help

Every side runs in a process of its own with one thread, on the same vectors and the same queries, which are unlike the
vectors as texts are (bench/clusters.py); ours is calibrated on other queries than it is measured with. Milliseconds are
of one query at a time, after a warm-up. Memory is what the process holds when it has answered them all: `anonymous` is
what it allocated, `resident` counts the pages of the mapped snapshot too.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.clusters import picture_like, text_like
from bench.figures import machine, write_results
from bench.process import folder, measure

K = 10
_SHARES = (0.0001, 0.001, 0.01, 0.1, 0.5, 0.9)
_FILTERED_QUERIES = 20

Search = Callable[[NDArray[np.float32], int], NDArray[np.int64]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100_000, 1_000_000], help="10000000 needs 12 GB")
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--queries", type=int, default=100)
    parser.add_argument("--work", type=folder, help="a folder for the vectors (3 KB each) instead of the system's")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    options = parser.parse_args()
    figures: dict[str, float] = {}
    for size in options.sizes:
        with tempfile.TemporaryDirectory(dir=options.work) as temporary:
            figures |= bench_size(Path(temporary), size, options.dim, options.queries)
    print(f"\n{machine()}, {options.dim} dimensions, {options.queries} queries, k = {K}")
    for name, value in figures.items():
        print(f"{name:66} {value:12.4g}")
    if options.json:
        write_results(options.json, figures)


def bench_size(work: Path, size: int, dim: int, queries: int) -> dict[str, float]:
    """All sides at one size, and their ratios."""
    with (work / "codes").open("wb") as file:
        for part in picture_like(size, dim):
            part.tofile(file)
    np.save(work / "queries.npy", text_like(queries, dim, seed=1))
    build = _apart(work, "build", dim)
    sides = {"exact": _apart(work, "exact", dim), "ours": _apart(work, "ours", dim)}
    if size * dim * 4 < 0.8 * os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"):
        sides["numpy"] = _apart(work, "numpy", dim)
    figures = {f"{size:,} build: {name}": value for name, value in build.items()}
    for side, found in sides.items():
        figures |= {f"{size:,} {side}: {name}": value for name, value in found.items()}
        if side != "ours":
            ratio = found["p50, ms"] / sides["ours"]["p50, ms"]
            figures[f"{size:,} {side} over ours (ratio of p50)"] = ratio
    return figures


def _apart(work: Path, side: str, dim: int) -> dict[str, float]:
    """One side in a process of its own."""
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"} if side != "build" else {}
    code = f"from bench.vectors import run; run({str(work)!r}, {side!r}, {dim})"
    used = measure([sys.executable, "-c", code], threads, Path.cwd())
    found: dict[str, float] = json.loads((work / f"{side}.json").read_text())
    print(f"{side}: {used.wall:.1f} s, peak {used.resident / 1e6:,.0f} MB", file=sys.stderr)
    return found | {"peak resident of the process, MB": used.resident / 1e6}


def run(work: str, side: str, dim: int) -> None:
    """What such a process does."""
    place = Path(work)
    found = _build(place, dim) if side == "build" else _time(place, side, dim)
    (place / f"{side}.json").write_text(json.dumps(found))


def _codes(work: Path, dim: int) -> NDArray[np.float16]:
    return np.memmap(work / "codes", np.float16, "r").reshape(-1, dim)


def _build(work: Path, dim: int) -> dict[str, float]:
    """Our snapshot, as a compaction writes it."""
    from indexer.vectors.choice import Plan
    from indexer.vectors.faiss_index import _build as build
    from indexer.vectors.half import chunks
    from indexer.vectors.snapshot import Owner, open_snapshot, write_snapshot

    count = len(_codes(work, dim))
    owner = Owner("bench", "bench", dim)
    ids = np.arange(count, dtype=np.int64)
    start = time.perf_counter()
    with (work / "codes").open("rb") as file:  # read, not mapped: what is mapped would count among the process's memory
        rows = (
            (ids[part], np.fromfile(file, np.float16, dim * len(ids[part])).reshape(-1, dim)) for part in chunks(count)
        )
        write_snapshot(
            work / "x.vectors", owner, 1, rows, lambda codes: build(Plan(), codes, lambda: text_like(120, dim, seed=2))
        )
    seconds = time.perf_counter() - start
    opened = open_snapshot(work / "x.vectors", owner)
    assert opened is not None
    reach = opened.header.reach
    figures = {"s": seconds, "vectors/s": count / seconds, "MB on disk": (work / "x.vectors").stat().st_size / 1e6}
    return figures | ({"candidates at k = 10": reach.at_10, "recall@10 it measured": reach.recall} if reach else {})


def _time(work: Path, side: str, dim: int) -> dict[str, float]:
    start = time.perf_counter()
    sides: dict[str, Callable[[Path, int], Search]] = {"exact": _exact, "numpy": _numpy, "ours": _Ours}
    search = sides[side](work, dim)
    queries = np.load(work / "queries.npy")
    search(queries[0], K)
    first = time.perf_counter() - start
    if isinstance(search, _Ours):
        search.read_through()
    for query in queries[:5]:
        search(query, K)
    milliseconds, found = [], []
    for query in queries:
        start = time.perf_counter()
        found.append(search(query, K))
        milliseconds.append((time.perf_counter() - start) * 1000)
    np.save(work / f"{side}.npy", np.stack(found))
    truth = np.load(work / "exact.npy")
    recall = np.mean([len(np.intersect1d(a, b)) / K for a, b in zip(found, truth, strict=True)])
    figures = {
        "recall@10": float(recall),
        "p50, ms": float(np.percentile(milliseconds, 50)),
        "p95, ms": float(np.percentile(milliseconds, 95)),
        "opened and first result, s": first,
        **_memory(),
    }
    return figures | (_filtered(work, queries, dim) if side == "ours" else {})


def _exact(work: Path, dim: int) -> Search:
    import faiss

    from indexer.vectors.half import chunks, flat

    index, codes = flat(dim), _codes(work, dim)
    for part in chunks(len(codes)):
        index.add_sa_codes(np.ascontiguousarray(codes[part]).view(np.uint8))
    faiss.omp_set_num_threads(1)
    return lambda query, k: index.search(query[None], k)[1][0]


def _numpy(work: Path, dim: int) -> Search:
    vectors = np.empty((len(_codes(work, dim)), dim), np.float32)
    for start in range(0, len(vectors), 20_000):
        vectors[start : start + 20_000] = _codes(work, dim)[start : start + 20_000]

    def search(query: NDArray[np.float32], k: int) -> NDArray[np.int64]:
        scores = vectors @ query
        best = np.argpartition(-scores, k)[:k]
        return best[np.argsort(-scores[best])]

    return search


class _Ours:
    def __init__(self, work: Path, dim: int) -> None:
        from indexer.vectors.choice import Plan
        from indexer.vectors.faiss_index import FaissIndex
        from indexer.vectors.snapshot import Owner, open_snapshot

        self._snapshot = open_snapshot(work / "x.vectors", Owner("bench", "bench", dim))
        self.index = FaissIndex(dim, Plan(), self._snapshot)

    def read_through(self) -> None:
        """Checks all codes, as the app does beside its first searches."""
        assert self._snapshot is not None and self._snapshot.codes_are_whole()

    def __call__(self, query: NDArray[np.float32], k: int) -> NDArray[np.int64]:
        return self.index.search(query, k)[1]


def _filtered(work: Path, queries: NDArray[np.float32], dim: int) -> dict[str, float]:
    """Search among a random share of the ids: median ms, and the recall@10 against exact search among the same."""
    ours, rng, figures = _Ours(work, dim), np.random.default_rng(3), {}
    ours.read_through()
    index = ours.index
    for share in _SHARES:
        allowed = np.sort(rng.choice(len(index), max(K, int(share * len(index))), replace=False))
        milliseconds, hits = [], 0
        truth = _best_among(_codes(work, dim), allowed, queries[:_FILTERED_QUERIES])
        for query, best in zip(queries[:_FILTERED_QUERIES], truth, strict=True):
            start = time.perf_counter()
            found = index.search(query, K, allowed)[1]
            milliseconds.append((time.perf_counter() - start) * 1000)
            assert len(found) == K
            hits += len(np.intersect1d(found, best))
        figures[f"{share:.2%} allowed: p50, ms"] = float(np.median(milliseconds))
        figures[f"{share:.2%} allowed: recall@10"] = hits / (K * len(truth))
    return figures


def _best_among(
    codes: NDArray[np.float16], allowed: NDArray[np.int64], queries: NDArray[np.float32]
) -> NDArray[np.int64]:
    scores = np.full((len(queries), K), -np.inf, np.float32)
    ids = np.zeros((len(queries), K), np.int64)
    for start in range(0, len(allowed), 20_000):
        some = allowed[start : start + 20_000]
        all_scores = np.hstack([scores, queries @ codes[some].astype(np.float32).T])
        all_ids = np.hstack([ids, np.broadcast_to(some, (len(queries), len(some)))])
        best = np.argsort(-all_scores, axis=1)[:, :K]
        scores, ids = np.take_along_axis(all_scores, best, 1), np.take_along_axis(all_ids, best, 1)
    return ids


def _memory() -> dict[str, float]:
    """MB of this process (Linux)."""
    status = Path("/proc/self/status")
    if not status.exists():
        return {}
    fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
    kilobytes = {"resident, MB": "VmRSS", "anonymous, MB": "RssAnon"}
    return {name: int(fields[field].split()[0]) * 1024 / 1e6 for name, field in kilobytes.items()}


if __name__ == "__main__":
    main()
