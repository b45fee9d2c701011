"""One operation on a library, as a command: python -m tests.faults.on_a_bad_disk OPERATION FOLDER SETTINGS

Faults are said as the command line says them: one line on stderr, exit status 1. With `failing_disk.c` preloaded and
FAILS_AFTER set, the disk fails once the library is open.
"""

import ctypes
import json
import logging
import os
import sys
from pathlib import Path

from clipcore.errors import ClipcoreError
from indexer.errors import IndexerError
from indexer.library import Library
from indexer.settings import load_settings
from tests.faults.victims import OPERATIONS


def main() -> None:
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    operation, folder, settings = sys.argv[1:]
    try:
        library = Library(load_settings(**json.loads(settings)))
        _ = library.encoder
        if os.environ.get("FAILS_AFTER"):
            shim = ctypes.CDLL(os.environ["LD_PRELOAD"])
            home = str(library.settings.data_folder).encode()
            shim.fail_after(ctypes.c_long(int(os.environ["FAILS_AFTER"])), int(bool(os.environ["FAILS_ON"])), home)
        OPERATIONS[operation](library, Path(folder))
    except (IndexerError, ClipcoreError) as error:
        print(error, file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
