"""Why a file is, or is not, in the results: every reason that holds, the one to begin with first."""

import os
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from indexer.catalog import Content, Folder, FolderState, Photo, PhotoState, Vector
from indexer.doctor.vector_checks import damage
from indexer.excludes import SYSTEM_FOLDERS, ExcludedPaths, Excludes
from indexer.folders import covering_folder
from indexer.formats import EXTENSIONS
from indexer.library import Library

FOUND = "is in the results"


def explain(library: Library, file: str | Path) -> list[str]:
    """Reasons in plain words, each with what to do. The last one is `FOUND` when a search finds the file."""
    path = Path(os.path.abspath(Path(file).expanduser()))
    with library.catalog.reading() as session:
        folder = covering_folder(session, path)
        photo = session.scalars(select(Photo).where(Photo.path == str(path))).one_or_none()
        reasons = list(_of_the_file(path))
        if folder is None:
            return [*reasons, f"lies in no indexed folder; run: sightline index {path.parent}"]
        reasons += [*_of_the_folder(folder, path), *_of_the_rules(library, folder, path)]
        if photo is None:
            return [*reasons, *([] if reasons else ["has not been looked at yet; run: sightline index"])]
        return [*reasons, *_of_the_row(library, session, photo, path)]


def _of_the_file(path: Path) -> Iterator[str]:
    if not os.path.lexists(path):
        yield "is not on the disk"
    elif path.is_dir():
        yield "is a folder; give a file in it"
    elif not path.exists():
        yield "is a link to a file that is not there"
    elif path.suffix.lower() not in EXTENSIONS:
        yield f"is no photo by its ending {path.suffix or '(none)'}: those are {' '.join(sorted(EXTENSIONS))}"
    elif not os.access(path, os.R_OK):
        yield "may not be read; change its rights"


def _of_the_folder(folder: Folder, path: Path) -> Iterator[str]:
    if folder.state == FolderState.OFFLINE or not os.path.isdir(folder.path):
        yield f"lies in {folder.path}, which is offline: what is known of it is kept and still found"
    for above in path.parents[: len(path.relative_to(folder.path).parts) - 1]:
        if above.is_symlink():
            yield f"lies behind the link {above}, and links to folders are not followed; index what it leads to"


def _of_the_rules(library: Library, folder: Folder, path: Path) -> Iterator[str]:
    patterns = (*library.settings.exclude, *folder.exclude.splitlines())
    excluded = ExcludedPaths(folder.path, Excludes.of(folder.path, patterns))
    inside = path.parents[: len(path.relative_to(folder.path).parts) - 1]
    for above in reversed(inside):
        if excluded.rules_in(str(above)) is None:
            yield f"lies in {above}, which is left out: {_rule(above)}"
            return
    if path != Path(folder.path) and str(path) in excluded:
        yield f"is left out: {_rule(path)}"


def _rule(path: Path) -> str:
    if path.name.startswith(".") or path.name.lower() in SYSTEM_FOLDERS:
        return "its name is that of a hidden file or a system's folder"
    return "a pattern of the settings, of --exclude or of a .sightlineignore file says so"


def _of_the_row(library: Library, session: Session, photo: Photo, path: Path) -> Iterator[str]:
    if photo.state != PhotoState.PRESENT:
        yield f"is marked {photo.state.value}; run sightline index when it is back"
    if path.is_file():
        status = path.stat()
        if (status.st_size, status.st_mtime_ns) != (photo.size, photo.mtime_ns):
            yield "has changed since it was looked at; run: sightline index"
    if photo.error is not None or photo.content_id is None:
        yield f"could not be read: {photo.error}; once that is mended run: sightline index --retry-failed"
        return
    vector = session.get(Vector, (photo.content_id, library.encoder_id))
    if vector is None:
        yield f"waits for a vector of the encoder {library.encoder.name}; run: sightline index"
        return
    if reason := damage(vector.data, library.encoder.dim):
        yield f"has a damaged vector ({reason}); run: sightline doctor --repair, then sightline index"
        return
    if photo.state != PhotoState.PRESENT:
        return
    copies = select(Photo.path).where(
        Photo.content_id == photo.content_id, Photo.state == PhotoState.PRESENT, Photo.id != photo.id
    )
    first = session.scalars(copies.where(Photo.id < photo.id).order_by(Photo.id).limit(1)).one_or_none()
    if first is not None:
        yield f"has the same bytes as {first}, under whose name the results show both"
    content = session.get_one(Content, photo.content_id)
    yield f"{FOUND}, as photo {photo.id} ({content.width} x {content.height} {content.format})"
