"""Indexing and searching, end to end, beside rclip where it is installed: python -m bench.library --help

Each side runs as its users run it, as a process of its own, on the same files: `sightline index` and `sightline search`
with the starter encoder, rclip 4 with its ViT-B-32-256 (random weights where no hub can be reached: the same work).
`--encoder random` gives Sightline rclip's architecture and weights too, so that only the programs differ.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bench.figures import machine, write_results
from bench.pictures import SIZES
from bench.process import Measured, measure

SIGHTLINE = [sys.executable, "-m", "app.cli"]
QUERY = "a dog on the beach"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=200, help="pictures of each size")
    parser.add_argument("--library", type=int, default=50_000, help="photos in the library that is searched")
    parser.add_argument("--rclip", type=Path, help="the rclip command of another environment")
    parser.add_argument("--encoder", choices=["starter", "random"], default="starter")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        figures = bench_indexing(work, options.photos, options.encoder, options.rclip)
        figures += bench_searching(work, options.library)
    print(f"\n{machine()}, encoder {options.encoder}")
    for name, value in figures:
        print(f"{name:58} {value:10.2f}")
    if options.json:
        write_results(options.json, dict(figures))


Figures = list[tuple[str, float]]


def bench_indexing(work: Path, photos: int, encoder: str, rclip: Path | None) -> Figures:
    """Files a second from a folder to a searchable library, start-up included, and a second run over the same."""
    figures: Figures = []
    home = {"SIGHTLINE_HOME": str(work / "home")} | _encoder(work, encoder)
    rclip_home = {"RCLIP_DATADIR": str(work / "rclip"), "HF_HUB_OFFLINE": "1"}
    if rclip:
        _apart("bench.rclip_model", str(work / "rclip"))
    for megapixels in SIZES:
        folder = work / f"{megapixels}mp"
        _apart("bench.pictures", str(folder), str(photos), str(megapixels))
        ours = measure([*SIGHTLINE, "index", str(folder)], home, folder)
        again = measure([*SIGHTLINE, "index", str(folder)], home, folder)
        label = f"{megapixels} MP:"
        figures += _run_figures(f"{label} sightline", photos, ours, again)
        if rclip:
            command = [str(rclip), "--filepath-only", "--top", "1", QUERY]
            theirs, theirs_again = measure(command, rclip_home, folder), measure(command, rclip_home, folder)
            figures += _run_figures(f"{label} rclip", photos, theirs, theirs_again)
            figures.append((f"{label} indexing, sightline over rclip (ratio)", theirs.wall / ours.wall))
    search = measure([*SIGHTLINE, "search", QUERY], home, work)
    figures.append(("search in a new process, s", search.wall))
    figures.append(("search in a new process, resident MB", search.resident / 1e6))
    return figures


def _apart(module: str, *arguments: str) -> None:
    """Runs a module in its own process: a child's peak memory counts from its parent's, so this one stays small."""
    subprocess.run([sys.executable, "-m", module, *arguments], check=True)


def _run_figures(label: str, photos: int, first: Measured, again: Measured) -> Figures:
    return [
        (f"{label} files/s", photos / first.wall),
        (f"{label} CPU s a file", first.cpu / photos),
        (f"{label} resident MB", first.resident / 1e6),
        (f"{label} second run, s", again.wall),
    ]


def _encoder(work: Path, encoder: str) -> dict[str, str]:
    """The environment that makes Sightline use an encoder."""
    if encoder == "starter":
        return {}
    path = work / "random.safetensors"
    _apart("bench.random_clip", str(path))
    return {"SIGHTLINE_ENCODER": str(path), "SIGHTLINE_ENCODER_RUNTIME": "onnx", "XDG_CACHE_HOME": str(work / "cache")}


def bench_searching(work: Path, photos: int) -> Figures:
    """Warm queries through the API of a running server over a large library, and what that server holds in memory."""
    home = work / "large"
    _apart("bench.synthetic", str(home), str(photos))
    command = [*SIGHTLINE, "serve", "--port", "0", "--no-browser"]
    start = time.perf_counter()
    environment = {**os.environ, "SIGHTLINE_HOME": str(home)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as server:
        try:
            assert server.stdout is not None
            address = server.stdout.readline().split()[3]
            ready = time.perf_counter() - start
            milliseconds = _time_queries(address)
            resident = _resident(server.pid)
        finally:
            server.terminate()
    label = f"{photos:,} photos:"
    return [
        (f"{label} server ready, s", ready),
        (f"{label} text query over HTTP p50, ms", statistics.median(milliseconds)),
        (f"{label} text query over HTTP p95, ms", float(np.percentile(milliseconds, 95))),
        (f"{label} server resident MB", resident / 1e6),
    ]


def _time_queries(address: str, count: int = 200) -> Sequence[float]:
    from urllib.parse import quote
    from urllib.request import urlopen

    nouns = ("dog", "cat", "beach", "birthday cake", "mountain", "old car", "sunset", "child", "garden", "boat")
    times = []
    for i in range(count + 20):
        query = quote(f"a {nouns[i % 10]} near a {nouns[i // 10 % 10]}, number {i}")
        start = time.perf_counter()
        with urlopen(f"{address}/api/v1/search?q={query}&k=50") as answer:
            answer.read()
        times.append((time.perf_counter() - start) * 1000)
    return times[20:]


def _resident(pid: int) -> int:
    """Bytes of resident memory (Linux)."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return 0
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    main()
