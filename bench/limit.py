"""What the machine could do: seconds to decode a folder alone, to encode it alone, and to ingest it, as JSON.

python -m bench.limit FOLDER, with SIGHTLINE_HOME set to an empty folder. Everything is loaded before it counts.
"""

import argparse
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from clipcore.batches import batched
from clipcore.preprocess import Pixels
from indexer.folders import add_folder
from indexer.ingest import ingest
from indexer.library import Library
from indexer.photo import decode, read_file
from indexer.reading import read_ahead
from indexer.settings import load_settings
from indexer.spool import Spool
from indexer.walk import FoundFile


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="holds pictures and nothing else")
    folder: Path = parser.parse_args().folder
    library = Library(load_settings())
    paths = sorted(folder.iterdir())
    batch_size = library.settings.batch_size
    pixels: list[Pixels] = []

    def in_threads() -> None:
        def one(path: Path) -> Pixels:
            data, _ = read_file(path, library.limits)
            return decode(data, library.encoder.preprocessing, library.limits).pixels

        with ThreadPoolExecutor(library.settings.decode_workers) as pool:
            pixels.extend(pool.map(one, paths))

    def in_processes() -> None:
        files: Spool[FoundFile] = Spool()
        for path in paths:
            status = path.stat()
            files.append(FoundFile(str(path), status.st_size, status.st_mtime_ns))
        for _ in read_ahead(library, files, library.encoder_id):
            pass

    def encode() -> None:
        for batch in batched(pixels, batch_size):
            library.encoder.encode_pixels(np.stack(batch))

    def whole() -> None:
        ingest(library, add_folder(library.catalog, folder)[0])

    size = library.encoder.preprocessing.size
    library.encoder.encode_pixels(np.zeros((batch_size, size, size, 3), np.uint8))  # first run: memory is laid out
    steps: dict[str, Callable[[], None]] = {
        "decode in threads": in_threads,
        "decode": in_processes,
        "encode": encode,
        "ingest": whole,
    }
    print(json.dumps({name: _seconds(step) for name, step in steps.items()}))


def _seconds(step: Callable[[], None]) -> float:
    start = time.perf_counter()
    step()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
