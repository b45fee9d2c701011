"""Precision and recall of near-duplicates and bursts, on real pictures and edits of them.

    python -m bench.duplicates --home DIR PICTURES.tar [PICTURES.tar ...] [--pictures 200]

Each picture is written beside edits of it and two next shots: shifted crops with its camera and a second more each;
twenty pictures share their seconds. All are indexed with the starter and grouped as `sightline duplicates` does. A pair
of files is right when both come from one picture of the tars.
"""

import argparse
import io
import tarfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from pathlib import Path

from PIL import Image, ImageEnhance, ImageOps

from bench.figures import write_results
from indexer.duplicates import Kind, find_duplicates
from indexer.folders import add_folder
from indexer.ingest import ingest
from indexer.library import Library
from indexer.settings import load_settings

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
LARGEST = 1200  # pixels; that decoding is not what is measured
MODEL, DATE, EXIF_FOLDER = 0x0110, 0x9003, 0x8769


def cropped(image: Image.Image, share: float) -> Image.Image:
    """Without a share of each side's length at every edge."""
    left, top = round(image.width * share), round(image.height * share)
    return image.crop((left, top, image.width - left, image.height - top))


def shifted(image: Image.Image, share: float) -> Image.Image:
    """As a camera that was turned a little sees it."""
    return image.crop((round(image.width * share), round(image.height * share / 2), image.width, image.height))


EDITS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "half size": lambda image: image.resize((max(1, image.width // 2), max(1, image.height // 2))),
    "quality 40": lambda image: image,
    "WebP": lambda image: image,
    "15% brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.15),
    "1% cropped": lambda image: cropped(image, 0.01),
    "2% cropped": lambda image: cropped(image, 0.02),
    "4% cropped": lambda image: cropped(image, 0.04),
}
BURST = {"shifted 3%": 0.03, "shifted 6%": 0.06}


def pictures_of(tars: Sequence[Path], count: int) -> Iterator[Image.Image]:
    """At most `count` pictures of each tar, upright."""
    for path in tars:
        found = 0
        with tarfile.open(path) as tar:
            for member in tar:
                if found < count and member.isfile() and member.name.lower().endswith(SUFFIXES):
                    data = tar.extractfile(member)
                    assert data is not None
                    try:
                        image = ImageOps.exif_transpose(Image.open(io.BytesIO(data.read()))).convert("RGB")
                    except (OSError, SyntaxError, ValueError):
                        continue
                    image.info.clear()
                    image.thumbnail((LARGEST, LARGEST))
                    found += 1
                    yield image


def write_edits(image: Image.Image, folder: Path, minute: int) -> None:
    """A picture, its edits and the next shots of a burst, as files named by what they are."""
    folder.mkdir(parents=True)
    image.save(folder / "original.jpg", quality=92, exif=_exif(minute, 0))
    for name, edit in EDITS.items():
        suffix = ".webp" if name == "WebP" else ".jpg"
        edit(image).save(folder / f"{name}{suffix}", quality=40 if name == "quality 40" else 85)
    for second, (name, share) in enumerate(BURST.items(), 1):
        shifted(image, share).save(folder / f"{name}.jpg", quality=92, exif=_exif(minute, second))


def _exif(minute: int, second: int) -> Image.Exif:
    exif = Image.Exif()
    exif[MODEL] = "Bench One"
    exif.get_ifd(EXIF_FOLDER)[DATE] = f"2024:05:01 {minute // 60:02}:{minute % 60:02}:{second:02}"
    return exif


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tars", type=Path, nargs="+")
    parser.add_argument("--home", type=Path, required=True, help="an empty folder for pictures and library")
    parser.add_argument("--pictures", type=int, default=200, help="at most, of each tar")
    parser.add_argument("--out", type=Path, default=Path("bench/results/duplicates.json"))
    options = parser.parse_args()
    root = options.home / "pictures"
    count = 0
    for count, image in enumerate(pictures_of(options.tars, options.pictures), 1):
        write_edits(image, root / f"{count:05}", minute=count // 20 % 1440)
    library = Library(load_settings(home=options.home / "library", encoder="starter"))
    folder, below = add_folder(library.catalog, root)
    ingest(library, folder, below=below)
    figures = measure(library, root, count)
    for name, value in figures.items():
        print(f"{name:45} {value:.4f}")
    write_results(options.out, figures)
    library.close()


def measure(library: Library, root: Path, pictures: int) -> dict[str, float]:
    """Recall of each edit (found in one group with its original), and precision over all pairs of all groups."""
    figures = {"pictures": float(pictures)}
    for bursts in (False, True):
        found, right, pairs = Counter[str](), 0, 0
        for group in find_duplicates(library, bursts=bursts).groups:
            paths = [Path(shot.path) for shot in (group.best, *group.others)]
            for one, other in combinations(paths, 2):
                pairs += 1
                right += one.parent == other.parent
                if one.parent == other.parent and "original" in (one.stem, other.stem):
                    found[other.stem if one.stem == "original" else one.stem] += 1
        about = "with bursts" if bursts else "copies"
        figures[f"{about}: precision of pairs"] = right / max(pairs, 1)
        for name in (*EDITS, *(BURST if bursts else ())):
            figures[f"{about}: recall, {name}"] = found[name] / max(pictures, 1)
    groups = find_duplicates(library).groups
    figures["groups of several pictures"] = float(
        sum(len({Path(shot.path).parent for shot in (g.best, *g.others)}) > 1 for g in groups)
    )
    figures["best is a shot of full size"] = sum(
        Path(g.best.path).stem in ("original", "quality 40", "WebP", "15% brighter") for g in groups
    ) / max(sum(g.kind != Kind.EXACT for g in groups), 1)
    return figures


if __name__ == "__main__":
    main()
