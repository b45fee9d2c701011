"""Two encoders on the same photos of a library, the same questions, measured the same way: before one is switched to.

A sample of the library's photos is looked at by both, from its thumbnails, so that disks that are away don't matter,
and each question ranks the sample by cosine. A large encoder's advantage in fine detail is therefore a little larger
than what is shown.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import select

from app.errors import QueryError
from app.photos import PhotoDetails, photos_of_contents, thumbnail_file
from clipcore.batches import batched
from clipcore.encoder import Encoder
from clipcore.preprocess import Pixels
from indexer.catalog import Photo, PhotoState
from indexer.errors import PhotoError
from indexer.library import Library
from indexer.photo import decode
from indexer.settings import load_settings

SAMPLE = 200  # photos
BEST = 6  # of a question
_AT_ONCE = 16
_TEXTS = 5  # of which the fastest is told
_BYTES_A_NUMBER = 2  # as the catalog keeps vectors

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Side:
    """One encoder: what it finds, and what it costs."""

    name: str
    dim: int
    precision: str
    photos_per_second: float  # of this machine at its fastest, decoding not counted
    ms_per_question: float
    bytes_per_photo: int  # of vectors
    answers: tuple[tuple[PhotoDetails, ...], ...]  # for each question, best first


@dataclass(frozen=True)
class Comparison:
    """Both, and how many of the first `BEST` they have in common, question by question."""

    photos: int
    questions: tuple[str, ...]
    now: Side
    other: Side

    def in_common(self, question: int) -> int:
        """How many photos both give among their best."""
        first, second = ({photo.id for photo in side.answers[question]} for side in (self.now, self.other))
        return len(first & second)


def with_encoder(library: Library, encoder: str) -> Library:
    """The same library as another encoder would see it."""
    settings = library.settings.model_dump(exclude={"encoder", "encoder_architecture"}, exclude_unset=True)
    return Library(load_settings(**settings, encoder=encoder), library.catalog)


def compare(
    library: Library,
    encoder: str,
    questions: Sequence[str],
    progress: Progress = lambda doing, done, total: None,
    sample: int = SAMPLE,
) -> Comparison:
    """The encoder in use beside another, on at most `sample` photos.

    Raises:
        QueryError: no question is asked, or there is no photo.
        ClipcoreError: there is no such encoder, or it cannot be loaded.
    """
    asked = tuple(question.strip() for question in questions if question.strip())
    if not asked or not encoder.strip():
        raise QueryError("expected an encoder and at least one question to compare with")
    photos = _sample(library, sample)
    if not photos:
        raise QueryError("there is no photo to compare with: add a folder first")
    other = _side(with_encoder(library, encoder.strip()), photos, asked, progress)
    return Comparison(len(photos), asked, _side(library, photos, asked, progress), other)


def _sample(library: Library, count: int) -> list[PhotoDetails]:
    present = (Photo.state == PhotoState.PRESENT, Photo.content_id.is_not(None))
    query = select(Photo.content_id).where(*present).distinct().order_by(Photo.content_id)
    with library.catalog.reading() as session:
        ids = [content_id for content_id in session.scalars(query) if content_id is not None]
    chosen = np.random.default_rng(0).permutation(np.array(ids, np.int64))[:count].tolist()
    return list(photos_of_contents(library, chosen).values())


def _side(library: Library, photos: list[PhotoDetails], questions: Sequence[str], progress: Progress) -> Side:
    encoder = library.encoder
    vectors, seen, speeds = [], [], []
    for some in batched(photos, _AT_ONCE):
        pixels = [(photo, found) for photo in some if (found := _pixels(library, photo)) is not None]
        if pixels:
            began = time.perf_counter()
            vectors.append(encoder.encode_pixels(np.stack([found for _, found in pixels])))
            speeds.append(len(pixels) / (time.perf_counter() - began))
            seen += [photo for photo, _ in pixels]
        progress(encoder.name, len(seen), len(photos))
    if not seen:
        raise QueryError("no photo has a thumbnail to compare with: sightline doctor --repair")
    texts = encoder.encode_texts(list(questions))
    order = np.argsort(-(texts @ np.concatenate(vectors).T), axis=1, kind="stable")[:, :BEST]
    return Side(
        name=encoder.name,
        dim=encoder.dim,
        precision=encoder.precision,
        photos_per_second=max(speeds),
        ms_per_question=_milliseconds(encoder, questions),
        bytes_per_photo=_BYTES_A_NUMBER * encoder.dim,
        answers=tuple(tuple(seen[i] for i in row) for row in order.tolist()),
    )


def _pixels(library: Library, photo: PhotoDetails) -> Pixels | None:
    try:
        data = thumbnail_file(library, photo).read_bytes()
        return decode(data, library.encoder.preprocessing, library.limits).pixels
    except (PhotoError, OSError):
        return None  # it got lost, and its original too


def _milliseconds(encoder: Encoder, questions: Sequence[str]) -> float:
    took = []
    for i in range(_TEXTS):
        began = time.perf_counter()
        encoder.encode_texts([questions[i % len(questions)]])
        took.append(time.perf_counter() - began)
    return min(took) * 1000
