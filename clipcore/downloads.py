"""Weights from the network: whole, verified by hash, resumed where a download stopped, and never when offline.

The Hugging Face hub is reached through huggingface_hub, which resumes and caches; its large files are named by their
SHA-256, which is checked here. Plain URLs are fetched here, because open_clip's own download starts again from nothing
and leaves what it has under the final name. `HF_HUB_OFFLINE=1` forbids both.
"""

import re
import urllib.error
import urllib.request
from http.client import HTTPException, HTTPResponse
from pathlib import Path

from filelock import FileLock
from tqdm import tqdm

from clipcore.checkpoints import sha256_of
from clipcore.errors import DownloadError

ATTEMPTS = 4  # of one call; the next call goes on where they stopped
_TIMEOUT = 30  # seconds without a byte
_BLOCK = 1 << 20
_SHA256 = re.compile(r"[0-9a-f]{64}")


def fetch(url: str, folder: Path, sha256: str = "") -> Path:
    """The file at `url`, in `folder` under the URL's last part; downloaded unless it is there already.

    Args:
        sha256: the beginning of the file's hash, in hex, as registries give it; empty when they give none.

    Raises:
        DownloadError: offline, unreachable (what has come stays for the next call), or not the promised bytes (nothing
            stays).
    """
    target = folder / url.rpartition("/")[2]
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{target}.lock"):
        if target.is_file() and sha256_of(target).startswith(sha256):
            return target
        if is_offline():
            raise DownloadError(f"HF_HUB_OFFLINE is set and {target} is not there, or not whole")
        part = target.with_name(f"{target.name}.part")
        _download(url, part)
        if not sha256_of(part).startswith(sha256):
            part.unlink()
            raise DownloadError(f"{url} did not give the promised file: its SHA-256 does not begin with {sha256}")
        part.replace(target)
    return target


def is_offline() -> bool:
    """Whether HF_HUB_OFFLINE forbids all downloads, as huggingface_hub reads it."""
    from huggingface_hub import constants

    return bool(constants.HF_HUB_OFFLINE)


def _download(url: str, part: Path) -> None:
    """Appends to `part` until it is whole; a connection that breaks is made again."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            if _go_on(url, part):
                return
            reason = "the connection was cut"
        except (OSError, HTTPException) as error:
            reason = str(error)
        if attempt == ATTEMPTS:
            raise DownloadError(f"cannot download {url}: {reason}; call again to go on where it stopped")


def _go_on(url: str, part: Path) -> bool:
    """One connection, from where `part` ends; whether all has come."""
    have = part.stat().st_size if part.is_file() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        response: HTTPResponse = urllib.request.urlopen(request, timeout=_TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # nothing behind what is there: whole already, or of another file; the hash tells
            return error.headers.get("Content-Range") == f"bytes */{have}" or _start_again(part)
        raise
    with response:
        resumed = response.status == 206
        have = have if resumed else 0
        length = response.headers.get("Content-Length")
        total = have + int(length) if length is not None else None
        with (
            part.open("ab" if resumed else "wb") as file,
            tqdm(total=total, initial=have, unit="B", unit_scale=True, desc=part.stem, disable=None) as progress,
        ):
            while block := response.read(_BLOCK):
                file.write(block)
                progress.update(len(block))
    return total is None or part.stat().st_size == total


def _start_again(part: Path) -> bool:
    part.unlink()
    return False


def verified(path: Path) -> Path:
    """A file of the hub's cache, once its bytes are those its name promises; a wrong one is removed.

    Raises:
        DownloadError: they are not.
    """
    blob = path.resolve()
    if _SHA256.fullmatch(blob.name) and sha256_of(blob) != blob.name:
        path.unlink()
        blob.unlink(missing_ok=True)
        raise DownloadError(f"{path.name} in the hub's cache is not the file it should be; it was removed: try again")
    return path


def hub_file(repo: str, *names: str) -> Path | None:
    """The first of `names` that the cache has, else the first that the hub's repository has; None when it has none.

    What is in the cache is taken without asking the hub, so that what was downloaded once works without a network.

    Raises:
        DownloadError: the hub cannot be reached, has no such repository, or gave other bytes than it promised.
    """
    import huggingface_hub

    known = {name: huggingface_hub.try_to_load_from_cache(repo, name) for name in names}
    for path in known.values():
        if isinstance(path, str):
            return verified(Path(path))
    unknown = [name for name, path in known.items() if path is None]  # not: known not to exist
    if unknown and is_offline():
        raise DownloadError(f"HF_HUB_OFFLINE is set and {' or '.join(unknown)} of hf-hub:{repo} is not in the cache")
    try:
        return _from_hub(repo, unknown)
    except DownloadError:
        raise
    except Exception as error:  # the hub's own, its HTTP client's, and the operating system's
        raise DownloadError(f"cannot get {' or '.join(unknown)} of hf-hub:{repo}: {in_one_line(error)}") from error


def required_hub_file(repo: str, *names: str) -> Path:
    """The same where one of `names` must be there. Raises DownloadError also when the repository has none of them."""
    if (file := hub_file(repo, *names)) is None:
        raise DownloadError(f"hf-hub:{repo} has none of {', '.join(names)}")
    return file


def _from_hub(repo: str, names: list[str]) -> Path | None:
    import huggingface_hub
    from huggingface_hub.errors import RemoteEntryNotFoundError

    if names:
        huggingface_hub.file_exists(repo, names[0])  # one try; a download would go on trying for a minute
    for name in names:
        try:
            return verified(Path(huggingface_hub.hf_hub_download(repo, name)))
        except RemoteEntryNotFoundError:
            continue  # the cache remembers it
    return None


def in_one_line(error: Exception) -> str:
    """What a library says of its failure, short enough for one line."""
    return " ".join(str(error).split())[:200] or type(error).__name__
