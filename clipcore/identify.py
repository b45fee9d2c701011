"""Which encoder a name stands for, told without loading it: by the manifest of a bundle, or of an earlier export."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from clipcore.errors import ClipcoreError

if TYPE_CHECKING:
    from clipcore.load import Precision, RuntimeName

MANIFEST = "bundle.json"
STARTER = Path(__file__).resolve().parents[1] / "data" / "starter"


def find_fingerprint(
    name_or_path: str | Path = "starter",
    architecture: str | None = None,
    runtime: "RuntimeName | None" = None,
    precision: "Precision | None" = None,
    weights_folder: Path | str | None = None,
) -> str | None:
    """The fingerprint of what `load_encoder` would give, where that can be told at once; None where it cannot."""
    folder = STARTER if name_or_path == "starter" else Path(name_or_path).expanduser()
    if (folder / MANIFEST).is_file():
        return None if runtime == "torch" else _written_in(folder / MANIFEST)
    from clipcore.load import find_export

    try:
        known = find_export(name_or_path, architecture, runtime, precision, weights_folder)
    except ClipcoreError:
        return None  # whoever loads it says why
    return known.fingerprint if known else None


def _written_in(manifest: Path) -> str | None:
    try:
        fingerprint = json.loads(manifest.read_text("utf-8"))["fingerprint"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return fingerprint if isinstance(fingerprint, str) else None
