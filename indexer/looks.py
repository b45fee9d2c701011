"""What a picture looks like, in a few numbers, read from its thumbnail: so no photo is decoded again.

They are made at the end of each pass over a folder, for what is new; in a library from before, for all of it. The
thumbnail, not the photo, is their source for every content, so that it does not matter when they were made.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from sqlalchemy import ColumnElement, exists, func, insert, select

from clipcore.looks import detailed_hash, perceptual_hash, quarter_colours
from indexer.catalog import Content, ContentKind, ContentLooks, Photo, PhotoState
from indexer.library import Library

Progress = Callable[[int, int], None]  # pictures done, of how many
_AT_A_TIME = 256


@dataclass(frozen=True)
class SeenLooks:
    """As the catalog keeps them: hashes as signed 64-bit numbers."""

    looks: int
    detail: bytes
    colours: int
    sharpness: float


def look_at(thumbnail: Path) -> SeenLooks | None:
    """The looks of a stored thumbnail; None when it is not there or does not open."""
    try:
        with Image.open(thumbnail, formats=["WEBP"]) as image:
            rgb = image.convert("RGB")
    except (OSError, SyntaxError, ValueError):
        return None
    looks = int(np.uint64(perceptual_hash(rgb)).astype(np.int64))
    return SeenLooks(looks, detailed_hash(rgb), quarter_colours(rgb), sharpness_of(rgb))


def sharpness_of(rgb: Image.Image) -> float:
    """The variance of the Laplacian (Pech-Pacheco et al. 2000) as a share of the luma's own, for pictures of one size.

    So brightness and contrast, which multiply both, are no sharpness.
    """
    grey = np.asarray(rgb.convert("L"), np.float32)
    if min(grey.shape) < 3:
        return 0.0
    around = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]
    return float((4 * grey[1:-1, 1:-1] - around).var() / max(float(grey.var()), 1.0))


def complete_looks(
    library: Library,
    progress: Progress = lambda done, total: None,
    *,
    since: int = -1,
    is_over: Callable[[], bool] = lambda: False,
) -> int | None:
    """Looks at every picture with a photo now that was not looked at yet; gives back how many have no thumbnail.

    Each few hundred are committed: what interrupts it costs no more than those.

    Args:
        since: only at contents that changed after this revision.
        is_over: asked after each few hundred; whether to end there, with None.

    Raises:
        StorageError: the catalog cannot be written.
    """
    done = unseen = after = 0
    lacking = _lacking(since)
    with library.catalog.reading() as session:
        total = session.execute(select(func.count(Content.id)).where(lacking)).scalar_one()
    with ThreadPoolExecutor(library.settings.decode_workers, thread_name_prefix="looks") as pool:
        while done < total:
            query = select(Content.id, Content.sha256).where(lacking, Content.id > after).order_by(Content.id)
            with library.catalog.reading() as session:
                rows = session.execute(query.limit(_AT_A_TIME)).all()
            if not rows:
                break
            after = rows[-1].id
            seen = list(pool.map(look_at, (library.thumbnails.path(row.sha256) for row in rows)))
            _store(library, {row.id: looks for row, looks in zip(rows, seen, strict=True) if looks is not None})
            unseen += seen.count(None)
            done += len(rows)
            progress(done, total)
            if is_over():
                return None
    return unseen


def _lacking(since: int) -> ColumnElement[bool]:
    """Whether a content is a picture with a photo now, has no looks, and changed since."""
    present = exists().where(Photo.content_id == Content.id, Photo.state == PhotoState.PRESENT).correlate(Content)
    seen = exists().where(ContentLooks.content_id == Content.id).correlate(Content)
    missing = present & ~seen & (Content.kind != ContentKind.VIDEO)
    return missing & (Content.revision > since) if since >= 0 else missing


def _store(library: Library, seen: dict[int, SeenLooks]) -> None:
    if not seen:
        return
    with library.catalog.writing() as (session, revision):
        made = select(ContentLooks.content_id).where(ContentLooks.content_id.in_(seen))
        known = set(session.scalars(made))  # another process may have been faster
        rows = [
            {"content_id": id_, "revision": revision, **vars(looks)} for id_, looks in seen.items() if id_ not in known
        ]
        if rows:
            session.execute(insert(ContentLooks), rows)
