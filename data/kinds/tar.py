"""Pictures with captions as a WebDataset tar."""

import io
from collections.abc import Iterable
from pathlib import Path

from PIL import Image
from webdataset import TarWriter


def write_tar(pictures: Iterable[tuple[str, Image.Image, list[str]]], out: Path) -> int:
    """Writes (key, picture, captions) each; gives back how many there were."""
    count = 0
    with out.open("wb") as file, TarWriter(file, mtime=0) as writer:
        for key, picture, captions in pictures:
            stream = io.BytesIO()
            picture.convert("RGB").save(stream, "WEBP", quality=80)
            writer.write({"__key__": key, "webp": stream.getvalue(), "json": {"captions": captions}})
            count += 1
    return count
