"""A photo named on the command line: a file, or an id of the library."""

import os
from collections.abc import Sequence
from pathlib import Path

from app.errors import NotFoundError
from app.photos import encode_file, find_photo, get_photo, stored_vectors
from app.services import Services
from indexer.vectors.base import Vectors


def id_of(services: Services, photo: str) -> int | None:
    """The id of a photo given by id or by path; None for a file that is not in the library."""
    if os.path.exists(photo):
        found = find_photo(services.library, os.path.abspath(photo))
        return found.id if found else None
    if photo.isdecimal():
        return get_photo(services.library, int(photo)).id
    raise NotFoundError(f"no such file: {photo}")


def ids_of(services: Services, photos: Sequence[str]) -> list[int]:
    """The ids of photos given by id or by path.

    Raises:
        NotFoundError: one of them is not in the library.
    """
    ids = []
    for photo in photos:
        photo_id = id_of(services, photo)
        if photo_id is None:
            raise NotFoundError(f"{photo} is not in the library: sightline index its folder first")
        ids.append(photo_id)
    return ids


def vector_of(services: Services, photo: str) -> Vectors:
    """The vector (dim,) of a photo given by id or by path."""
    photo_id = id_of(services, photo)
    if photo_id:
        return stored_vectors(services.library, [photo_id])[1][0]
    return encode_file(services.library, Path(photo))
