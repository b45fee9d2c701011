"""Photographs made to look like other kinds of picture, to train on: a sketch, a painting, a black and white photo.

    python data/style_pairs.py flickr8k-train.tar coco-sample.tar --out styles.tar

Captions of photographs never say what kind of picture they stand beside. Here each says it: "an oil painting of two
dogs in the snow". The filters are simple ones (median, mode, edges), so they teach the look and no school of painting.
"""

import argparse
import random
from collections.abc import Callable, Iterator
from pathlib import Path

from kinds.styles import (
    black_and_white,
    blurred,
    cartoon,
    ink_drawing,
    oil_painting,
    old_photo,
    pencil_drawing,
    watercolour,
)
from kinds.tar import write_tar
from PIL import Image

from clipcore.pairs.webdataset import read_pairs

Look = Callable[[Image.Image, random.Random], Image.Image]

SIDE = 176  # pixels of the short side
STYLES: dict[str, tuple[Look, tuple[str, ...]]] = {
    "bw": (black_and_white, ("a black and white photo of {}", "black and white photograph, {}", "monochrome, {}")),
    "old": (old_photo, ("an old photo of {}", "a sepia photograph of {}", "a vintage photo of {}")),
    "oil": (oil_painting, ("a painting of {}", "an oil painting of {}", "a painted picture of {}")),
    "watercolour": (watercolour, ("a watercolor painting of {}", "a watercolour of {}", "a painting of {}")),
    "pencil": (pencil_drawing, ("a pencil drawing of {}", "a sketch of {}", "a drawing of {}")),
    "ink": (ink_drawing, ("an ink drawing of {}", "a drawing of {}", "a black ink painting of {}")),
    "cartoon": (cartoon, ("a cartoon of {}", "a comic drawing of {}", "an illustration of {}")),
    "blurred": (blurred, ("a blurry photo of {}", "an out of focus picture of {}", "a blurred photo, {}")),
}


def said(caption: str, template: str) -> str:
    """ "A dog runs." in "a painting of {}" is "a painting of a dog runs": what the caption says, as it says it."""
    return template.format(caption[:1].lower() + caption[1:].rstrip(". "))


def styled(tars: list[Path], per_style: int, seed: int) -> Iterator[tuple[str, Image.Image, list[str]]]:
    """Key, picture and captions; no photograph is used twice."""
    rng = random.Random(seed)
    pairs = sorted((pair for tar in tars for pair in read_pairs(tar) if pair.texts({})), key=lambda pair: pair.key)
    chosen = iter(rng.sample(pairs, min(len(pairs), per_style * len(STYLES))))
    for name, (look, templates) in STYLES.items():
        for _, pair in zip(range(per_style), chosen, strict=False):
            photo = pair.open().convert("RGB")
            photo = photo.resize(tuple(round(side * SIDE / min(photo.size)) for side in photo.size))
            yield f"{name}/{pair.key}", look(photo, rng), [said(c, rng.choice(templates)) for c in pair.texts({})[:3]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tars", nargs="+", type=Path, help="captioned photographs, as WebDataset")
    parser.add_argument("--out", required=True, type=Path, help="the tar to write")
    parser.add_argument("--per-style", type=int, default=300, help="pictures of each kind (default: 300)")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    pictures = styled(arguments.tars, arguments.per_style, arguments.seed)
    print(f"{write_tar(pictures, arguments.out):,} pictures in {arguments.out}")


if __name__ == "__main__":
    main()
