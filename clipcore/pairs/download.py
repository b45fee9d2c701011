"""Pictures that are only known by URL, fetched by img2dataset into WebDataset shards, and what its output says.

img2dataset pins old versions of what this project needs, so it is run as a program of its own: ``pipx install
img2dataset`` or any other environment that has it on the path.
"""

import json
import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clipcore.errors import PairsError
from clipcore.pairs.sources import find_sources
from clipcore.pairs.tables import TABLES

MISSING = (
    "downloads need img2dataset on the path: pipx install img2dataset (it pins old versions, so not in this .venv)"
)
_FORMATS = {".csv": "csv", ".tsv": "tsv", ".parquet": "parquet"}


@dataclass(frozen=True)
class Fetch:
    """How pictures are fetched.

    Attributes:
        url, caption: the table's columns.
        side: longest side kept, pixels; smaller pictures stay as they are.
        threads: connections at a time.
    """

    url: str = "url"
    caption: str = "caption"
    side: int = 512
    threads: int = 64


@dataclass(frozen=True)
class Fetched:
    """What a download came to: its shards, and pictures by img2dataset's status ("success", or why not)."""

    shards: tuple[Path, ...]
    statuses: Counter[str]


def fetch(table: Path, out: Path, how: Fetch | None = None) -> Fetched:
    """Fetches a table's pictures into shards below `out`; shards that are complete there are not fetched again.

    Raises:
        PairsError: img2dataset is not installed, or failed.
    """
    if not table.exists() or table.suffix.lower() not in TABLES:
        raise PairsError(f"{table} is no table that can be downloaded: expected one of {', '.join(TABLES)}")
    program = shutil.which("img2dataset")
    if program is None:
        raise PairsError(MISSING)
    try:
        subprocess.run([program, *arguments(table, out, how or Fetch())], check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise PairsError(f"img2dataset failed on {table}: {error}; run it again to go on") from error
    return read_fetched(out)


def arguments(table: Path, out: Path, how: Fetch) -> list[str]:
    """img2dataset's command line: original bytes of small pictures, the longest side scaled down, robots respected."""
    options: dict[str, Any] = {
        "url_list": table,
        "input_format": _FORMATS[table.suffix.lower()],
        "url_col": how.url,
        "caption_col": how.caption,
        "output_format": "webdataset",
        "output_folder": out,
        "image_size": how.side,
        "resize_mode": "keep_ratio_largest",
        "resize_only_if_bigger": True,
        "thread_count": how.threads,
        "incremental_mode": "incremental",
    }
    return [f"--{name}={value}" for name, value in options.items()]


def read_fetched(out: Path) -> Fetched:
    """What img2dataset left in its output folder: ``00000.tar`` beside ``00000_stats.json`` and so on.

    A shard without its statistics was being written when the download stopped, so it is left out.

    Raises:
        PairsError: there is no complete shard.
    """
    statuses: Counter[str] = Counter()
    shards: list[Path] = []
    for tar in find_sources([str(out)]) if out.is_dir() else []:
        try:
            told = json.loads(tar.with_name(f"{tar.stem}_stats.json").read_text("utf-8"))
            statuses.update(told["status_dict"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
        shards.append(tar)
    if not shards:
        raise PairsError(f"{out} holds no complete shard of img2dataset's: expected 00000.tar beside 00000_stats.json")
    return Fetched(tuple(shards), statuses)
