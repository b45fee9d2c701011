"""Files that belong to a photo: its side-car, and the clip of a Live Photo. Told by their names, as all programs do."""

import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from indexer.formats import SIDECAR

if TYPE_CHECKING:
    from indexer.walk import FoundFile

LIVE_PHOTOS = (".heic", ".jpg", ".jpeg")
CLIP = ".mov"
LONGEST_CLIP = 32 << 20  # bytes; a Live Photo's clip is three seconds, a larger file of the same name is a video


def photos_of_folder(files: Iterable["FoundFile"]) -> Iterator["FoundFile"]:
    """The photos among the files of one folder, each with its side-car; a Live Photo's clip is part of its picture.

    A side-car is ``IMG_1.xmp`` (Adobe's way) or ``IMG_1.jpg.xmp`` (darktable's and digiKam's); the second knows which
    file it means and comes first. Case does not matter.
    """
    photos: list[tuple[FoundFile, str, str]] = []  # the photo, its stem and its extension
    sidecars: dict[str, FoundFile] = {}  # by what the name says without its extension
    for file in files:
        stem, extension = os.path.splitext(file.path)
        stem, extension = stem.casefold(), extension.lower()
        if extension == SIDECAR:
            sidecars[stem] = file
        else:
            photos.append((file, stem, extension))
    live = {stem for _, stem, extension in photos if extension in LIVE_PHOTOS} if photos else set()
    for file, stem, extension in photos:
        if extension == CLIP and stem in live and file.size <= LONGEST_CLIP:
            continue
        sidecar = sidecars.get(stem + extension) or sidecars.get(stem) if sidecars else None
        if sidecar is None:
            yield file
        else:
            yield file._replace(sidecar=sidecar.path, sidecar_mtime_ns=sidecar.mtime_ns)
