"""What keeps photos from being forgotten because a disk went away, or because of a slip of the hand."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from indexer.catalog import Folder, Photo, PhotoState
from indexer.errors import DisappearedError
from indexer.mounts import mounts_in
from indexer.scan import Changes
from indexer.walk import is_empty_or_absent

SAFE_TO_LOSE = 50  # photos; a pass that finds more than this, and more than half of a folder, gone asks first


def is_unplugged(session: Session, folder: Folder) -> bool:
    """Whether a folder that holds photos is not there, or there without a single entry."""
    return is_empty_or_absent(Path(folder.path)) and count_present(session, folder) > 0


def lost_mounts(folder: Folder) -> list[str]:
    """Where disks were mounted inside the folder at its last pass and are not now."""
    recorded = folder.mounts.splitlines()
    now = mounts_in(folder.path) if recorded else {}
    return [point for point in recorded if point not in now and is_empty_or_absent(Path(point))]


def refuse_mass_disappearance(session: Session, folder: Folder, changes: Changes) -> None:
    """Stops a pass that would lose most of a folder.

    A photo counts as moved, not lost, where a new file has its size and time: a renamed folder is no catastrophe.

    Raises:
        DisappearedError: too many photos are gone.
    """
    if len(changes.missing) <= SAFE_TO_LOSE:
        return
    lost = Counter((photo.size, photo.mtime_ns) for photo in changes.missing)
    _take_away(lost, ((file.size, file.mtime_ns) for file in changes.to_read))
    gone, present = lost.total(), count_present(session, folder)
    if gone > SAFE_TO_LOSE and gone > present / 2:
        raise DisappearedError(
            f"{gone:,} of the {present:,} photos in {folder.path} are gone; nothing was changed. "
            "If that is right, run again with --accept-missing"
        )


def count_present(session: Session, folder: Folder) -> int:
    query = select(func.count()).where(Photo.folder_id == folder.id, Photo.state == PhotoState.PRESENT)
    return session.execute(query).scalar_one()


def _take_away(lost: "Counter[tuple[int, int]]", found: Iterable[tuple[int, int]]) -> None:
    for look in found:
        if lost[look] > 0:
            lost[look] -= 1
