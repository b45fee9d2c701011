"""From Enter in the search box to the first thumbnails on the screen: python -m bench.first_thumbnail --help

The library is synthetic (bench.synthetic), each photo with a thumbnail of its own from a few hundred painted ones. A
browser (Chromium, by playwright) types a question into the page of a running server, presses Enter, and the time runs
until the thumbnails of the first row have been decoded. The first question, which the page is loaded with, is left out.
"""

import argparse
import io
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from bench.figures import machine, write_results
from bench.library import SIGHTLINE
from bench.process import folder
from indexer.settings import load_settings
from indexer.thumbnails import Thumbnails

QUESTIONS = (
    *(
        "a dog on the beach",
        "birthday cake",
        "snow on a roof",
        "portrait of a woman",
        "boats on the water",
        "a red car",
    ),
    *("a city at night", "mountains", "two people laughing", "a cat asleep", "flowers in a vase", "an old door"),
)
FIRST = 4  # thumbnails
_DISTINCT = 256
_IMAGES = """[...document.querySelectorAll("*")].flatMap((one) =>
  [...(one.shadowRoot?.querySelectorAll(".photos img") ?? [])])"""
_SHOWN = f"() => {_IMAGES}.map((image) => image.src)"
_LOADED = f"""(before) => {_IMAGES}.filter((image) =>
  image.classList.contains("loaded") && !before.includes(image.src)).length >= {FIRST}"""


def paint_thumbnails(home: Path, photos: int) -> None:
    """A thumbnail for each photo of the synthetic library; the bytes repeat, the files do not."""
    rng = np.random.default_rng(0)
    painted = []
    for _ in range(min(_DISTINCT, photos)):
        blocks = rng.integers(0, 256, (24, 32, 3), dtype=np.uint8)
        out = io.BytesIO()
        Image.fromarray(blocks).resize((384, 288), Image.Resampling.BICUBIC).save(out, "WEBP", quality=80)
        painted.append(out.getvalue())
    thumbnails = Thumbnails(load_settings(home=home).thumbnails_folder)
    for number in range(1, photos + 1):
        thumbnails.write(f"{number:064x}", painted[number % len(painted)])


def bench(work: Path, photos: int, rounds: int) -> dict[str, float]:
    """Milliseconds from Enter to the first thumbnails."""
    from playwright.sync_api import sync_playwright

    subprocess.run([sys.executable, "-m", "bench.synthetic", str(work), str(photos)], check=True)
    paint_thumbnails(work, photos)
    command = [*SIGHTLINE, "serve", "--port", "0", "--no-browser"]
    environment = {**os.environ, "SIGHTLINE_HOME": str(work)}
    took = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as server:
        try:
            assert server.stdout is not None
            address = server.stdout.readline().split()[3]
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
                page = browser.new_page(viewport={"width": 1280, "height": 860})
                page.goto(f"{address}/?q=anything")
                page.locator(".photos img.loaded").first.wait_for(timeout=120_000)
                box = page.get_by_label("Describe a photo")
                for number in range(rounds):
                    before = page.evaluate(_SHOWN)
                    box.fill(f"{QUESTIONS[number % len(QUESTIONS)]} {number or ''}".strip())
                    page.wait_for_timeout(300)
                    start = time.perf_counter()
                    box.press("Enter")
                    page.wait_for_function(_LOADED, arg=before, polling="raf")
                    took.append((time.perf_counter() - start) * 1000)
                browser.close()
        finally:
            server.terminate()
    label = f"{photos:,} photos:"
    return {
        f"{label} Enter to {FIRST} thumbnails, median ms": statistics.median(took),
        f"{label} Enter to {FIRST} thumbnails, 95th percentile ms": float(np.percentile(took, 95)),
        f"{label} questions asked": float(rounds),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=60, help="questions")
    parser.add_argument("--work", type=folder, help="a folder for the library (20 KB a photo) instead of the system's")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.work) as temporary:
        figures = bench(Path(temporary), options.photos, options.rounds)
    print(f"\n{machine()}")
    for name, value in figures.items():
        print(f"{name:60} {value:10.1f}")
    if options.json:
        write_results(options.json, figures)


if __name__ == "__main__":
    main()
