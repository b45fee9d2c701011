"""Writes data/check.tar: small pictures with captions on which a faster encoder is compared with the exact one.

    python data/check_pictures.py DEMO_FOLDER data/check.tar

128 paintings of the demo collection (Metropolitan Museum of Art, Open Access, CC0), captioned with title and artist.
"""

import io
import re
import sys
import tarfile
from pathlib import Path

from PIL import Image

COUNT = 128
SIDE = 224  # pixels of the shorter side
QUALITY = 75


def write_check_set(demo: Path, target: Path) -> None:
    """The tar as WebDataset: KEY.jpg beside KEY.txt, the same bytes at every call."""
    paintings = sorted((demo / "paintings").glob("*.jpg"))
    chosen = [paintings[i * len(paintings) // COUNT] for i in range(COUNT)]
    with tarfile.open(target, "w") as tar:
        for i, path in enumerate(chosen):
            with Image.open(path) as image:
                scale = SIDE / min(image.size)
                small = image.convert("RGB").resize((round(image.width * scale), round(image.height * scale)))
            encoded = io.BytesIO()
            small.save(encoded, "JPEG", quality=QUALITY)
            caption = re.sub(r" \(\d+\)$", "", path.stem)
            for suffix, content in (("jpg", encoded.getvalue()), ("txt", caption.encode())):
                member = tarfile.TarInfo(f"{i:03}.{suffix}")
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))


if __name__ == "__main__":
    write_check_set(Path(sys.argv[1]), Path(sys.argv[2]))
