"""Weights exported once: bundles in the user's cache, found again by what was asked for, without importing torch."""

import hashlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import platformdirs
from filelock import FileLock

from clipcore.bundle import MANIFEST, Bundle
from clipcore.errors import BundleError

if TYPE_CHECKING:
    from clipcore.model import Model

FORMAT = 2  # counts up when exports are made differently


def cache_folder() -> Path:
    """Where exported encoders lie."""
    return platformdirs.user_cache_path("sightline") / "exported"


@dataclass(frozen=True)
class Exports:
    """The export of one name: a note beside the bundles says which one it is and from which file it was made.

    The note is believed as long as that file has the size and time it had, so that changed weights are exported anew.
    """

    asked: tuple[str | None, ...]
    precision: str

    @classmethod
    def of(
        cls,
        name_or_path: str | Path,
        architecture: str | None,
        merges: Path | None,
        folder: Path | str | None,
        precision: str,
    ) -> "Exports":
        """The export of what `load_encoder` was asked for; a path is the same from every working directory."""
        path = Path(name_or_path).expanduser()
        name = str(path.resolve()) if path.exists() else str(name_or_path)
        stamp = json.dumps(_stamp(merges)) if merges else None
        return cls((name, architecture, stamp, str(folder) if folder else None), precision)

    @property
    def _note(self) -> Path:
        digest = hashlib.sha256(json.dumps([FORMAT, *self.asked, self.precision]).encode()).hexdigest()
        return cache_folder() / f"{digest[:16]}.json"

    def find(self) -> Bundle | None:
        """The bundle exported before from the same file, if it is still there."""
        try:
            note: dict[str, Any] = json.loads(self._note.read_text("utf-8"))
            if note["weights"] != _stamp(Path(note["weights"]["path"])):
                return None
            return Bundle.read(cache_folder() / note["bundle"])
        except (OSError, ValueError, KeyError, TypeError, BundleError):
            return None  # whatever is wrong with the note, exporting again mends it

    def make(self, model: "Model") -> Bundle:
        """Exports `model`, unless it was exported under another name, and leaves the note.

        Raises:
            BundleError: the cache cannot be written, or the graphs do not agree with torch.
        """
        from clipcore.export import export_clip

        folder = cache_folder() / f"{model.fingerprint('onnx')}-{self.precision}"
        try:
            cache_folder().mkdir(parents=True, exist_ok=True)
            with FileLock(f"{folder}.lock"):  # another process may be exporting the same
                if not (folder / MANIFEST).is_file():
                    print(f"exporting {model.name} for this machine, once", file=sys.stderr, flush=True)
                    made = export_clip(
                        *(model.clip, model.preprocessing, folder, model.name, model.merges),
                        precision=_graphs(self.precision),
                    )
                    print(f"{model.name}: {made.precision}", file=sys.stderr, flush=True)
                note = {"bundle": folder.name, "weights": _stamp(model.path)}
                partial = self._note.with_suffix(".part")
                partial.write_text(json.dumps(note) + "\n", "utf-8")
                partial.replace(self._note)
        except OSError as error:
            raise BundleError(
                f"cannot export {model.name} into {cache_folder()}: {error.strerror or error}; "
                "runtime 'torch' needs no export"
            ) from error
        return Bundle.read(folder)


def _graphs(precision: str) -> Literal["auto", "fp32", "int8"]:
    return "int8" if precision == "int8" else "fp32" if precision == "fp32" else "auto"


def _stamp(path: Path) -> dict[str, str | int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return {"path": str(path.resolve()), "size": status.st_size, "mtime_ns": status.st_mtime_ns}
