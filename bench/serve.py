"""Answering over a large library: one client, 16 at 50 queries a second, flat out, and minutes of mixed load.

python -m bench.serve --photos 100000 --minutes 20 --json bench/results/DATE-serve.json
python -m bench.serve --encoder random --clip-retrieval PYTHON    # with clip-retrieval's back end beside it

The library is synthetic (`bench.synthetic`); every query is a new text, encoder included. PYTHON is the interpreter of
an environment that has clip-retrieval 2.45; both sides then have the same random ViT-B-32-256 and the same vectors, and
clip-retrieval the index that its own `clip_index` chooses. Clients share the machine with the server.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

import numpy as np

from bench.figures import machine, write_results
from bench.library import SIGHTLINE, _apart, _encoder, _resident
from bench.load import Ask, Client, alone, at_rate, flat_out, mixed

K = 50
CLIENTS, RATE = 16, 50.0
_NOUNS = ("dog", "cat", "beach", "birthday cake", "mountain", "old car", "sunset", "child", "garden", "boat")
_BACK = Path(__file__).parent / "clip_retrieval_back.py"

Figures = dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=300, help="of one client, warm")
    parser.add_argument("--seconds", type=float, default=60, help="of 16 clients, at 50 queries a second and flat out")
    parser.add_argument("--minutes", type=float, default=20, help="of mixed load; 0 leaves it out")
    parser.add_argument("--encoder", choices=["starter", "random"], default="starter")
    parser.add_argument("--clip-retrieval", type=Path, help="the Python of an environment with clip-retrieval")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    options = parser.parse_args()
    if options.clip_retrieval and options.encoder != "random":
        parser.error("--clip-retrieval needs --encoder random: it cannot load the starter encoder")
    with tempfile.TemporaryDirectory() as temporary:
        figures = bench(Path(temporary), options)
    print(f"\n{machine()}, {options.photos:,} photos, encoder {options.encoder}")
    for name, value in figures.items():
        print(f"{name:66} {value:10.2f}")
    if options.json:
        write_results(options.json, figures)


def bench(work: Path, options: argparse.Namespace) -> Figures:
    """Every figure of our side; of the other too, and the ratios, where it is there."""
    environment = {**os.environ, "SIGHTLINE_HOME": str(work / "home"), **_encoder(work, options.encoder)}
    arguments = [str(work / "home"), str(options.photos)]
    subprocess.run([sys.executable, "-m", "bench.synthetic", *arguments], check=True, env=environment)
    figures: Figures = {}
    with _sightline(environment) as (port, pid):
        with closing(Client(port)) as client:
            client.ask("GET", "/", None)  # its pages are opened a moment after it answers, or when they are asked for
        figures |= _measure("sightline", port, pid, _search, options)
        figures["sightline: resident MB"] = _resident(pid) / 1e6
        if options.minutes:
            figures |= _mixed(port, pid, options)
    if options.clip_retrieval:
        _export_vectors(work, environment)
        with _clip_retrieval(work, options.clip_retrieval) as (port, pid):
            figures |= _measure("clip-retrieval", port, pid, _knn, options)
            figures["clip-retrieval: resident MB"] = _resident(pid) / 1e6
        for name in ("one client, p50 ms", "one client, p95 ms", "at 50/s, p95 ms"):
            ours, theirs = figures[f"sightline: {name}"], figures[f"clip-retrieval: {name}"]
            figures[f"clip-retrieval over sightline, {name} (ratio)"] = theirs / ours
        ours, theirs = figures["sightline: flat out, queries/s"], figures["clip-retrieval: flat out, queries/s"]
        figures["sightline over clip-retrieval, flat out (ratio)"] = ours / theirs
    return figures


def _measure(side: str, port: int, pid: int, ask: Callable[[str], Ask], options: argparse.Namespace) -> Figures:
    queries = (ask(text) for text in _texts())
    alone(port, queries, 20)  # warm
    one = alone(port, queries, options.queries)
    paced = at_rate(port, queries, CLIENTS, RATE, options.seconds)
    before = _processor(pid)
    fast = flat_out(port, queries, CLIENTS, options.seconds)
    each = (_processor(pid) - before) * 1e3 / max(1, len(fast.milliseconds))
    return (
        {f"{side}: one client, {name}": value for name, value in one.figures().items()}
        | {f"{side}: at {RATE:.0f}/s, {name}": value for name, value in paced.figures().items()}
        | {f"{side}: flat out, {name}": value for name, value in fast.figures().items()}
        | {f"{side}: flat out, processor time a query, ms": each}
    )


def _processor(pid: int) -> float:
    """Seconds of processor time that a process has taken (Linux)."""
    status = Path(f"/proc/{pid}/stat")
    if not status.exists():
        return 0.0
    user, system = status.read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _mixed(port: int, pid: int, options: argparse.Namespace) -> Figures:
    """Minutes of everything that people do, and how the server's memory grows."""
    memory: list[tuple[float, float]] = []
    load = mixed(port, _visits, 4, 60 * options.minutes, lambda at: memory.append((at, _resident(pid) / 1e6)))
    return {f"sightline: mixed, {name}": value for name, value in load.figures().items()} | {
        f"sightline: mixed, {name}": value for name, value in growth(memory).items()
    }


def growth(memory: list[tuple[float, float]]) -> Figures:
    """Of resident megabytes by second: each tenth's largest, and by how much the second half's exceeds the first's."""
    tenths = [part for part in np.array_split([used for _, used in memory], 10) if len(part)]
    curve = [float(part.max()) for part in tenths]
    half = len(curve) // 2
    return {f"resident MB, part {number} of {len(curve)}": used for number, used in enumerate(curve, 1)} | {
        "growth of the second half, MB": max(curve[half:]) - max(curve[:half] or curve)
    }


def _texts(seed: int = 0) -> Iterator[str]:
    """Queries of which none was asked before."""
    rng, number = np.random.default_rng(seed), 0
    while True:
        one, other = rng.choice(_NOUNS, 2)
        number += 1
        yield f"a {one} near a {other}, number {seed} {number}"


def _search(text: str) -> Ask:
    return "GET", f"/api/v1/search?q={quote(text)}&k={K}", None


def _knn(text: str) -> Ask:
    options = {"modality": "image", "num_images": K, "num_result_ids": K, "indice_name": "bench"}
    off = {"deduplicate": False, "use_safety_model": False, "use_violence_detector": False, "use_mclip": False}
    return "POST", "/knn-service", {"text": text, **options, **off}


def _visits(client: Client, number: int) -> Iterator[None]:
    """One person: searches, scrolls, opens a photo, looks for more like it, describes it."""
    rng = np.random.default_rng(number)
    for text in _texts(1_000 + number):
        found = client.ask("POST", "/api/v1/search", {"query": {"text": text}, "k": K})
        yield
        while found and (cursor := found["next_cursor"]) and rng.random() < 0.5:
            found = client.ask("POST", "/api/v1/search", {"cursor": cursor, "k": K})
            yield
        photo = int(rng.integers(1, 1_000))
        client.ask("GET", f"/api/v1/photos/{photo}", None)
        yield
        client.ask("GET", f"/api/v1/photos/{photo}/similar?k={K}", None)
        yield
        client.ask("POST", "/api/v1/describe", {"photo": photo})
        yield
        client.ask("POST", "/api/v1/search", {"query": {"text": f"{text} folder:0000{photo % 10}"}, "k": K})
        yield
        client.ask("GET", "/api/v1/metrics", None)
        yield


@contextmanager
def _sightline(environment: dict[str, str]) -> Iterator[tuple[int, int]]:
    command = [*SIGHTLINE, "serve", "--port", "0", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as server:
        try:
            assert server.stdout is not None
            yield int(server.stdout.readline().split()[3].rpartition(":")[2]), server.pid
        finally:
            server.terminate()


def _export_vectors(work: Path, environment: dict[str, str]) -> None:
    """The library's vectors as clip-retrieval's own inference writes them."""
    subprocess.run([sys.executable, "-m", "bench.clip_retrieval_vectors", str(work)], check=True, env=environment)
    _apart("bench.random_clip_state", str(work / "random.pt"))


def _is_there(port: int) -> bool:
    with closing(Client(port)) as client:
        return client.ask("GET", "/indices-list", None) is not None


@contextmanager
def _clip_retrieval(work: Path, python: Path, port: int = 8977) -> Iterator[tuple[int, int]]:
    command = [str(python), str(_BACK), str(work / "vectors"), str(work / "index"), str(work / "random.pt"), str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        try:
            deadline = time.monotonic() + 900
            while not _is_there(port):
                if server.poll() is not None or time.monotonic() > deadline:
                    sys.exit("clip-retrieval's back end does not start")
                time.sleep(1)
            yield port, server.pid
        finally:
            server.terminate()


if __name__ == "__main__":
    main()
