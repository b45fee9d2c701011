"""What a walk leaves out: hidden and system folders, and what the owner says in gitignore's patterns.

Later rules win over earlier ones: first what is always left out, then the patterns of the settings, of the indexed
folder (`--exclude`), and of each ``.sightlineignore`` on the way down, which speaks of what lies below it. A pattern
that begins with ``!`` takes something in again, a hidden folder too; as in git, not what lies in a folder left out.
"""

import logging
import os
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from indexer.disk_faults import is_of_disk
from indexer.errors import FolderError

if TYPE_CHECKING:  # most libraries have no pattern
    from pathspec import GitIgnoreSpec

log = logging.getLogger(__name__)

IGNORE_FILE = ".sightlineignore"
SYSTEM_FOLDERS = frozenset(
    ("@eadir", "#recycle", "#snapshot", "@recycle", "node_modules", "__pycache__", "lost+found", "__macosx")
    + ("system volume information", "$recycle.bin", "recycler", "found.000")
)  # in lower case: a disk that was written elsewhere may spell them differently


@dataclass(frozen=True)
class Excludes:
    """The rules that hold in one folder: specifications, outermost first, each with the folder it speaks of."""

    layers: tuple[tuple[str, "GitIgnoreSpec"], ...] = ()

    @classmethod
    def of(cls, root: str, patterns: Sequence[str]) -> "Excludes":
        """The rules of an indexed folder, without its own ignore file.

        Raises:
            FolderError: one of the patterns is none.
        """
        return cls(((root, compile_patterns(tuple(patterns))),)) if patterns else cls()

    def entering(self, folder: str) -> "Excludes":
        """The rules in a folder that may have an ignore file. A line of it that is no pattern is said, and left out.

        Raises:
            OSError: the disk failed: nobody knows what is to be left out.
        """
        path = os.path.join(folder, IGNORE_FILE)
        try:
            with open(path, encoding="utf-8", errors="surrogateescape") as file:
                lines = file.read().splitlines()
        except (FileNotFoundError, NotADirectoryError):
            return self
        except OSError as error:
            if is_of_disk(error):
                raise
            log.warning("cannot read %s: %s; nothing is left out by it", path, error.strerror)
            return self
        return Excludes((*self.layers, (folder, compile_patterns(tuple(_valid(lines, path))))))

    def match(self, path: str, name: str, is_folder: bool) -> bool:
        """Whether a file or folder is left out; what lies in a folder that is left out is so too."""
        excluded = name.startswith(".") or (is_folder and name.lower() in SYSTEM_FOLDERS)
        for folder, spec in self.layers:
            relative = os.path.relpath(path, folder) if folder == os.sep else path[len(folder) + 1 :]
            said = spec.check_file(_composed(relative) + ("/" if is_folder else "")).include
            if said is not None:
                excluded = said
        return excluded


class ExcludedPaths:
    """Tells of any path below an indexed folder whether the rules leave it out, looking at its folders from above."""

    def __init__(self, root: str, excludes: Excludes) -> None:
        self._root = root
        self._outermost = excludes
        self._rules: dict[str, Excludes | None] = {}

    def __contains__(self, path: str) -> bool:
        folder, name = os.path.split(path)
        try:
            rules = self.rules_in(folder)
        except OSError:  # the walk met it too, and has noted that nothing is known of what is there
            return False
        return rules is None or rules.match(path, name, is_folder=False)

    def rules_in(self, folder: str) -> Excludes | None:
        """The rules that hold in a folder; None in one that is left out.

        Raises:
            OSError: the disk failed under an ignore file.
        """
        if folder == self._root and folder not in self._rules:
            self._rules[folder] = self._outermost.entering(folder)
        if folder not in self._rules:
            if len(folder) <= len(self._root):
                raise FolderError(f"{folder} is not inside {self._root}")
            above = self.rules_in(os.path.dirname(folder))
            if above is None or above.match(folder, os.path.basename(folder), is_folder=True):
                self._rules[folder] = None
            else:
                self._rules[folder] = above.entering(folder)
        return self._rules[folder]


@lru_cache(maxsize=64)
def compile_patterns(patterns: tuple[str, ...]) -> "GitIgnoreSpec":
    """gitignore's patterns, ready to be asked.

    Raises:
        FolderError: one of them is none.
    """
    from pathspec import GitIgnoreSpec

    try:
        return GitIgnoreSpec.from_lines([_composed(pattern) for pattern in patterns])
    except ValueError as error:
        raise FolderError(f"cannot exclude by {', '.join(patterns)}: {error}; expected gitignore's patterns") from error


def _valid(lines: Sequence[str], path: str) -> list[str]:
    valid = []
    for number, line in enumerate(lines, 1):
        try:
            compile_patterns((line,))
            valid.append(line)
        except FolderError:
            log.warning("%s, line %d is no pattern: %s", path, number, line)
    return valid


def _composed(text: str) -> str:
    """One form for names that look alike: a pattern typed on one system fits a name written on another."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)
