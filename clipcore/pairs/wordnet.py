"""WordNet's lemmas, from the database files of the Princeton distribution.

Debian's package wordnet-base puts them in ``/usr/share/wordnet``; wordnetcode.princeton.edu has them as ``WNdb-3.0``.
In ``index.noun`` and its like a line is a lemma; the licence at the head of a file is indented.
"""

from collections.abc import Iterator
from pathlib import Path

from clipcore.errors import PairsError

PARTS_OF_SPEECH = ("noun", "verb", "adj", "adv")


def read_lemmas(folder: Path) -> Iterator[str]:
    """Every lemma of every synset, words separated by spaces, parts of speech in turn; some come twice.

    Raises:
        PairsError: the folder has no index files, or they cannot be read.
    """
    files = [path for part in PARTS_OF_SPEECH if (path := folder / f"index.{part}").is_file()]
    if not files:
        raise PairsError(f"{folder} is no WordNet database: expected index.noun and its like (wordnet-base, WNdb-3.0)")
    for path in files:
        try:
            with path.open(encoding="utf-8") as lines:
                yield from (line.split(" ", 1)[0].replace("_", " ") for line in lines if not line.startswith("  "))
        except (OSError, UnicodeDecodeError) as error:
            raise PairsError(f"cannot read {path}: {error}") from error
