"""One operation on a library, as a command: python -m tests.faults.on_a_bad_disk OPERATION FOLDER SETTINGS

Faults are said as the command line says them: one line on stderr, exit status 1. With `failing_disk.c` preloaded and
BREAKS set, the disk fails once the library is open, for the decoders too.
"""

import ctypes
import json
import logging
import os
import sys
from pathlib import Path
from threading import Timer

from clipcore.errors import ClipcoreError
from indexer.errors import IndexerError
from indexer.library import Library
from indexer.settings import load_settings
from tests.faults.victims import ENOUGH, OPERATIONS

_WATCHED = 1.5  # seconds


def main() -> None:
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    operation, folder, settings = sys.argv[1:]
    watched = Timer(_WATCHED, ENOUGH.set)
    watched.daemon = True
    try:
        library = Library(load_settings(**json.loads(settings)))
        _ = library.encoder
        if "BREAKS" in os.environ:
            os.environ["FAILS"] = os.environ["BREAKS"]
            calls, lasts, reads, place = os.environ["BREAKS"].split(" ", 3)
            shim = ctypes.CDLL(os.environ["LD_PRELOAD"])
            shim.fail_after(ctypes.c_long(int(calls)), int(lasts), int(reads), place.encode())
        watched.start()
        OPERATIONS[operation](library, Path(folder))
    except (IndexerError, ClipcoreError) as error:
        print(error, file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
