"""Indexing end to end beside rclip 4 and clip-retrieval, all with the same random ViT-B-32-256 weights.

python -m bench.ingest --rclip RCLIP --clip-retrieval PYTHON --json bench/results/DATE-ingest.json

Each side is a process of its own on the same JPEGs, start-up included. RCLIP is the command, PYTHON the interpreter, of
an environment that has the other program (clip-retrieval 2.45 with setuptools<81). 400 pictures of each size take a
quarter of an hour on two cores, and 2 GB of memory. `bench.limit` tells how much of the machine our pipeline uses.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.figures import machine, write_results
from bench.library import QUERY, SIGHTLINE, Figures, _apart, _encoder
from bench.pictures import SIZES
from bench.process import measure


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=400, help="pictures of each size")
    parser.add_argument("--megapixels", type=int, nargs="+", choices=list(SIZES), default=list(SIZES))
    parser.add_argument("--rclip", type=Path, help="the rclip command of another environment")
    parser.add_argument("--clip-retrieval", type=Path, help="the Python of an environment with clip-retrieval")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    options = parser.parse_args()
    figures: Figures = []
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        environment = {"SIGHTLINE_HOME": str(work / "home")} | _encoder(work, "random")
        _export_once(work, environment)
        for megapixels in options.megapixels:
            figures += bench_size(work, environment, megapixels, options)
    print(f"\n{machine()}")
    for name, value in figures:
        print(f"{name:62} {value:10.2f}")
    if options.json:
        write_results(options.json, dict(figures))


def bench_size(work: Path, environment: dict[str, str], megapixels: int, options: argparse.Namespace) -> Figures:
    """Files a second of every side that is there, ratios to ours, and our share of the machine's limit."""
    folder, photos, label = work / f"{megapixels}mp", options.photos, f"{megapixels} MP:"
    _apart("bench.pictures", str(folder), str(photos), str(megapixels))
    ours = measure([*SIGHTLINE, "index", str(folder)], environment, folder)
    figures: Figures = [
        (f"{label} sightline files/s", photos / ours.wall),
        (f"{label} sightline CPU s a file", ours.cpu / photos),
    ]
    if options.rclip:
        _apart("bench.rclip_model", str(work / "rclip"))
        command = [str(options.rclip), "--filepath-only", "--top", "1", QUERY]
        theirs = measure(command, {"RCLIP_DATADIR": str(work / "rclip"), "HF_HUB_OFFLINE": "1"}, folder)
        figures += [
            (f"{label} rclip files/s", photos / theirs.wall),
            (f"{label} sightline over rclip (ratio)", theirs.wall / ours.wall),
        ]
    if options.clip_retrieval:
        script = str(Path(__file__).parent / "clip_retrieval_files.py")
        out = work / f"clip-retrieval-{megapixels}"
        weights = _weights_for_open_clip(work)
        theirs = measure([str(options.clip_retrieval), script, str(folder), str(out), str(weights)], {}, work)
        figures += [
            (f"{label} clip-retrieval files/s", photos / theirs.wall),
            (f"{label} sightline over clip-retrieval (ratio)", theirs.wall / ours.wall),
        ]
    return figures + _share(work, environment, folder, label)


def _export_once(work: Path, environment: dict[str, str]) -> None:
    """Weights are exported at their first use and found again after that: no part of indexing."""
    _apart("bench.pictures", str(work / "first"), "1", "1")
    measure([*SIGHTLINE, "index", str(work / "first")], environment, work)


def _weights_for_open_clip(work: Path) -> Path:
    path = work / "random.pt"
    if not path.is_file():
        _apart("bench.random_clip_state", str(path))
    return path


def _share(work: Path, environment: dict[str, str], folder: Path, label: str) -> Figures:
    command = [sys.executable, "-m", "bench.limit", str(folder)]
    own_home = {**os.environ, **environment, "SIGHTLINE_HOME": str(work / f"limit-{folder.name}")}
    seconds = json.loads(subprocess.run(command, env=own_home, check=True, capture_output=True).stdout)
    alone = seconds["decode in threads"] + seconds["encode"]
    return [
        *((f"{label} {name} alone, s", value) for name, value in seconds.items() if name != "ingest"),
        (f"{label} ingest, s", seconds["ingest"]),
        (f"{label} processes over threads, decoding (ratio)", seconds["decode in threads"] / seconds["decode"]),
        (f"{label} share of decode alone plus encode alone (ratio)", alone / seconds["ingest"]),
    ]


if __name__ == "__main__":
    main()
