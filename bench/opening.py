"""From nothing to the first result over a large library: python -m bench.opening --help

The library is synthetic (bench.synthetic) and indexed; then a command line search and a server are started anew.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.request import urlopen

from bench.figures import machine, write_results
from bench.library import QUERY, SIGHTLINE
from bench.process import compile_ours, folder, measure

_SETTLE = """
import sys
from indexer.follow import follow
from indexer.library import Library
from indexer.settings import load_settings
follow(Library(load_settings(home=sys.argv[1]))).settle()
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=1_000_000)
    parser.add_argument("--like", default="", help="captioned pictures, a table or a tar, that vectors shall be like")
    parser.add_argument("--work", type=folder, help="a folder for the library (5 KB a photo) instead of the system's")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.work) as temporary:
        figures = bench_opening(Path(temporary), options.photos, options.like)
    print(f"\n{machine()}")
    for name, value in figures.items():
        print(f"{name:50} {value:10.2f}")
    if options.json:
        write_results(options.json, figures)


def bench_opening(work: Path, photos: int, like: str = "") -> dict[str, float]:
    """Seconds and megabytes of each step."""
    compile_ours()
    home = {"SIGHTLINE_HOME": str(work)}
    pictures = [like] if like else []
    subprocess.run([sys.executable, "-m", "bench.synthetic", str(work), str(photos), *pictures], check=True)
    built = measure([sys.executable, "-c", _SETTLE, str(work)], {"PYTHONPATH": os.getcwd()}, work)
    subprocess.run([*SIGHTLINE, "status"], env={**os.environ, **home}, check=True)  # says which index that is
    search = [*SIGHTLINE, "search", QUERY]
    first, second = (measure(search, home | {"PYTHONPATH": os.getcwd()}, work) for _ in range(2))
    label = f"{photos:,} photos:"
    catalog = sum(path.stat().st_size for path in work.glob("catalog.sqlite3*"))
    snapshot = sum(path.stat().st_size for path in (work / "vectors").glob("*.vectors"))
    return {
        f"{label} index built from the catalog, s": built.wall,
        f"{label} building it, peak resident MB": built.resident / 1e6,
        f"{label} search in a new process, s": first.wall,
        f"{label} and again, s": second.wall,
        f"{label} a search, peak resident MB": second.resident / 1e6,
        f"{label} server started and first result, s": _serve(home),
        f"{label} bytes of catalog a photo": catalog / photos,
        f"{label} bytes of snapshot a photo": snapshot / photos,
    }


def _serve(home: dict[str, str]) -> float:
    start = time.perf_counter()
    command = [*SIGHTLINE, "serve", "--port", "0", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **home}) as server:
        try:
            assert server.stdout is not None
            address = server.stdout.readline().split()[3]
            with urlopen(f"{address}/api/v1/search?q=a+dog&k=50") as answer:
                answer.read()
            return time.perf_counter() - start
        finally:
            server.terminate()


if __name__ == "__main__":
    main()
