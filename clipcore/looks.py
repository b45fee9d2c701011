"""What near-copies of a picture share: a perceptual hash and the colours of its quarters."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Looks = NDArray[np.uint64]


def perceptual_hash(rgb: Image.Image) -> int:
    """64 bits, of the DCT of a small grey copy (imagehash's pHash): few of them differ between near-copies."""
    from imagehash import phash

    return int(str(phash(rgb)), 16)


def detailed_hash(rgb: Image.Image) -> bytes:
    """The same in 256 bits: tells pictures apart that are composed alike."""
    from imagehash import phash

    return np.packbits(phash(rgb, hash_size=16).hash).tobytes()


def quarter_colours(rgb: Image.Image) -> int:
    """The mean colours of its four quarters, five bits a value: a red balloon is no copy of a blue one."""
    values = rgb.resize((2, 2), Image.Resampling.BOX).tobytes()
    return sum((value >> 3) << (5 * place) for place, value in enumerate(values))


def colours_apart(first: Looks, second: Looks) -> NDArray[np.int64]:
    """The largest difference between twelve values of five bits each, (pairs,)."""
    places = np.arange(0, 60, 5, dtype=np.uint64)
    one, other = (((colours[:, None] >> places) & np.uint64(31)).astype(np.int64) for colours in (first, second))
    apart: NDArray[np.int64] = np.abs(one - other).max(axis=1, initial=0)
    return apart
