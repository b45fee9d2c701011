"""Which folders may be added by a request: photos' folders of this machine, none of the system's.

Everywhere else photos and folders are named by id. Here alone a path comes from outside; it is resolved before it is
judged, and what is added is what was judged.
"""

from pathlib import Path

from indexer.errors import FolderError
from indexer.settings import Settings

_SYSTEM = (
    *("/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/proc", "/run", "/sbin", "/sys", "/usr"),
    *("/var/cache", "/var/lib", "/var/log", "/var/spool", "/System", "/Library", "/private/etc", "/private/var/db"),
    *("C:/Windows", "C:/Program Files", "C:/Program Files (x86)", "C:/ProgramData"),
)


def allowed(settings: Settings, *, asks_for_token: bool) -> bool:
    """Whether requests may add and remove folders: as the setting says, else where this machine alone is answered."""
    said = settings.allow_folders_from_api
    return not asks_for_token if said is None else said


def checked(written: str, settings: Settings) -> Path:
    """The folder that a request names, without links in its path.

    Raises:
        FolderError: it is no whole path, not there, not a folder, or not one for photos.
    """
    if not written.isprintable():
        raise FolderError("expected a path without control characters")
    try:
        path = Path(written.strip()).expanduser()
        if not path.is_absolute():
            raise FolderError(f"expected a whole path, such as ~/Pictures; got {written!r}")
        resolved = path.resolve(strict=True)
    except (OSError, RuntimeError, ValueError) as error:  # ~nobody, a loop of links, too long a name
        raise FolderError(f"no such folder: {written}") from error
    if not resolved.is_dir():
        raise FolderError(f"not a folder: {written}")
    _refuse_system(resolved, settings)
    return resolved


def _refuse_system(path: Path, settings: Settings) -> None:
    own = settings.data_folder.resolve()
    inside = [Path(system) for system in _SYSTEM]
    if path == Path(path.anchor) or any(path == system or system in path.parents for system in inside):
        raise FolderError(f"{path} is a folder of the system, not of photos")
    if path == own or own in path.parents:
        raise FolderError(f"{path} is where Sightline keeps its own files")
    if any(part.startswith(".") for part in path.parts):
        raise FolderError(f"{path} is hidden: programs keep their own files there")
