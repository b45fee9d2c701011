"""Sources of pairs, made on the spot."""

import io
import json

import numpy as np
from PIL import Image


def picture(seed: int = 0, size: tuple[int, int] = (320, 240), format: str = "PNG") -> bytes:
    """A picture that no other seed gives: coloured blocks."""
    blocks = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(blocks).resize(size, Image.Resampling.BICUBIC).save(stream, format)
    return stream.getvalue()


def captioned(captions: list[list[str]], first: int = 0) -> dict[str, bytes]:
    """Files of a tar: a picture and a JSON for each list of captions."""
    files: dict[str, bytes] = {}
    for number, texts in enumerate(captions, first):
        files[f"{number:04}.png"] = picture(number)
        files[f"{number:04}.json"] = json.dumps({"captions": texts}).encode()
    return files
