"""JPEGs of a given size that cost what photographs cost to decode: smooth shapes, edges and sensor noise.

python -m bench.pictures FOLDER COUNT MEGAPIXELS
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

SIZES = {12: (4000, 3000), 1: (1152, 864)}  # megapixels to width and height


def make_pictures(folder: Path, count: int, megapixels: int) -> Path:
    """Writes `count` different JPEGs of quality 90 and gives back the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    size = SIZES[megapixels]
    rng = np.random.default_rng(megapixels)
    noise = rng.normal(0, 5, (size[1], size[0], 1)).astype(np.float32)
    for i in range(count):
        scene = Image.fromarray(rng.integers(0, 256, (12, 16, 3), dtype=np.uint8)).resize(
            size, Image.Resampling.BICUBIC
        )
        edges = Image.fromarray(rng.integers(0, 256, (30, 40, 3), dtype=np.uint8)).resize(
            size, Image.Resampling.NEAREST
        )
        mixed = Image.blend(scene, edges.filter(ImageFilter.BoxBlur(2)), 0.3)
        pixels = (np.asarray(mixed, np.float32) + np.roll(noise, 37 * i, axis=1)).clip(0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{i:05}.jpg", quality=90)
    return folder


if __name__ == "__main__":
    make_pictures(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
