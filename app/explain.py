"""Why a photo matched: which parts of it answer a query, as a heat map over the picture.

The picture is blurred but for one spot, which wanders over it in 9 x 9 steps, and the encoder looks at each of these
pictures. A spot counts by how far its picture's score for the query exceeds what everyday words score on it, so that a
part that answers everything a little stays cold; heat at a point is the mean over the spots around it. Occlusion and
random masks (RISE, arXiv:1806.07421) ask the same with one part or half of the picture hidden; on the demo photos they
pointed beside what this points at. It needs nothing of the encoder's insides, and so works for exported graphs as well.
"""

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from app.errors import QueryError
from app.photos import get_photo, upright_picture
from app.query import Query
from app.relevance import TEMPLATES, above_words_at_large, at_large
from app.vocabularies import encoded_once
from clipcore.batches import batched
from clipcore.runtimes.base import Vectors
from indexer.formats import is_video
from indexer.library import Library

if TYPE_CHECKING:
    from app.services import Services

STEPS = 9  # of the spot, along each side
_RADIUS = 0.18  # of the spot, in sides of the picture
_EDGE = 40.0  # how soon it ends: a logistic curve, per side of the picture
_BLUR = 1 / 8  # of the rest, in sides of the picture
_AT_ONCE = 16
_STRENGTH = 0.45  # of the hottest place's colour over the picture
_SHOWN = 1_024  # pixels of the overlay's longer side

Heat = NDArray[np.float32]


@dataclass(frozen=True)
class Explanation:
    """The map (size, size) of the whole picture in 0..1, 1 where it answers best; that place as shares of its sides."""

    heat: Heat
    x: float
    y: float

    def over(self, picture: Image.Image) -> bytes:
        """The picture with the heat laid over it, as a PNG of at most 1,024 pixels."""
        shown = picture.convert("RGB")
        shown.thumbnail((_SHOWN, _SHOWN))
        smooth = Image.fromarray((self.heat * 255).astype(np.uint8)).resize(shown.size, Image.Resampling.BICUBIC)
        heat: Heat = np.asarray(smooth, np.float32)[..., None] / np.float32(255)
        grey = np.asarray(shown.convert("L").convert("RGB"), np.float32)
        below = heat * np.asarray(shown, np.float32) + (1 - heat) * (0.45 * grey + 25)  # cold parts fade
        mixed = below + _STRENGTH * heat * heat * (_colours(heat[..., 0]) - below)
        out = io.BytesIO()
        Image.fromarray(mixed.clip(0, 255).astype(np.uint8)).save(out, "PNG")
        return out.getvalue()


def explain_photo(
    services: "Services", photo_id: int, query: Query, time_s: float | None = None
) -> tuple[Image.Image, Explanation, float | None]:
    """A photo's picture, which parts of it answer a query, and, of a video, at which second.

    Of a video that is its frame at `time_s`, or else the one that answers the query best.

    Raises:
        NotFoundError: there is no such photo.
        PhotoError: the original, or that frame of it, cannot be read.
        QueryError: the query has no words to look for.
    """
    photo = get_photo(services.library, photo_id)
    spelled_out = services.search.spelled_out(query)
    if not is_video(photo.path):
        time_s = None
    elif time_s is None:
        time_s = services.search.moment(query, photo)
    picture = upright_picture(services.library, photo, time_s)
    return picture, explain(services.library, picture, spelled_out), time_s


def explain(library: Library, picture: Image.Image, query: Query) -> Explanation:
    """Which parts of an upright picture answer the words of a query; a second or two.

    Raises:
        QueryError: the query has no words to look for.
    """
    words = [(str(part.of), part.weight) for part in query.parts if isinstance(part.of, str)]
    if not words:
        raise QueryError("nothing to point at: give a description, such as a dog on the beach")
    texts = library.encoder.encode_texts([text for text, _ in words])
    direction = np.array([weight for _, weight in words], np.float32) @ texts
    vectors, spots = _spotlit(library, picture.convert("RGB"))
    tags = encoded_once(library, at_large(), TEMPLATES)
    marks = above_words_at_large(vectors @ (direction / np.linalg.norm(direction)), vectors, tags)
    warm = np.tensordot(marks, spots, axes=1) / spots.sum(axis=0)
    warm -= np.median(warm)
    heat = (warm / max(float(warm.max()), 1e-6)).clip(0, 1).astype(np.float32)
    row, column = np.unravel_index(int(heat.argmax()), heat.shape)
    return Explanation(heat, (float(column) + 0.5) / heat.shape[1], (float(row) + 0.5) / heat.shape[0])


def _spotlit(library: Library, picture: Image.Image) -> tuple[Vectors, Heat]:
    """The vectors of a picture that is blurred but for a spot, and the spots (spots, size, size) in 0..1."""
    encoder = library.encoder
    size = encoder.preprocessing.size
    square = picture.resize((size, size), Image.Resampling.BICUBIC)
    sharp = np.asarray(square, np.float32)
    blurred = np.asarray(square.filter(ImageFilter.GaussianBlur(size * _BLUR)), np.float32)
    spots = _spots(size)
    lit = ((blurred + spot[..., None] * (sharp - blurred)).astype(np.uint8) for spot in spots)
    return np.concatenate([encoder.encode_pixels(np.stack(some)) for some in batched(lit, _AT_ONCE)]), spots


def _spots(size: int) -> Heat:
    along = (np.arange(size) + 0.5) / size
    middles = (np.arange(STEPS) + 0.5) / STEPS
    distances = [np.hypot(along[:, None] - y, along[None] - x) for y in middles for x in middles]
    result: Heat = (1 / (1 + np.exp(_EDGE * (np.stack(distances) - _RADIUS)))).astype(np.float32)
    return result


def _colours(heat: Heat) -> NDArray[np.float32]:
    """Yellow to red, the hotter the redder: (rows, columns, 3)."""
    stops = np.array([[255, 236, 120], [255, 170, 40], [235, 60, 20]], np.float32)
    channels = [np.interp(heat, (0, 0.5, 1), stops[:, channel]) for channel in range(3)]
    return np.stack(channels, axis=-1).astype(np.float32)
