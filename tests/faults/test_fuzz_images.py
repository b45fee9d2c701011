"""Mutated files through real ingest: no crash, no hang, no memory beyond the limit; failures are rows with reasons.

Seeds are pictures, raw files and videos that the tests make, and those of a folder in SIGHTLINE_FUZZ_SEEDS (Pillow's
own test images, say). SIGHTLINE_FUZZ_COUNT sets how many files are made; by default a few here and 20,000 in the slow
form. SIGHTLINE_FUZZ_FROM goes on from a number.
"""

import io
import os
import re
import resource
import subprocess
import sys
import tarfile
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image
from sqlalchemy import func, select

from indexer import reading
from indexer.catalog import Content, Photo, Vector
from indexer.decode_process import DecodeProcess
from indexer.decoder import Setup
from indexer.errors import PhotoError
from indexer.folders import add_folder
from indexer.follow import FollowedIndex
from indexer.formats import EXTENSIONS
from indexer.ingest import ingest
from indexer.library import Library
from indexer.settings import load_settings
from indexer.walk import FoundFile
from tests.indexer.test_raw import dng, quarters
from tests.indexer.test_video import film

MOST_MEMORY = 1 << 30  # bytes
MOST_SECONDS = 10.0  # of one file
_TOGETHER = 500  # files a pass, so that 20,000 need no disk
_FIRST = int(os.environ.get("SIGHTLINE_FUZZ_FROM", "0"))  # a multiple of these, to go on from there
AWKWARD = Path(__file__).parents[3] / "shared" / "data" / "awkward-files.tar"


def seeds() -> Iterator[tuple[str, bytes]]:
    """Whole pictures of every format, with EXIF and XMP where they can carry it: extension and bytes."""
    rng = np.random.default_rng(0)
    blocks = Image.fromarray(rng.integers(0, 256, (12, 16, 3), dtype=np.uint8)).resize((160, 120))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif[ExifTags.Base.Make] = "Maker"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2019:07:14 18:05:59"
    for format, suffix in (
        ("JPEG", ".jpg"),
        ("PNG", ".png"),
        ("WEBP", ".webp"),
        ("GIF", ".gif"),
        ("TIFF", ".tif"),
        ("BMP", ".bmp"),
        ("HEIF", ".heic"),
        ("AVIF", ".avif"),
        ("JPEG2000", ".jp2"),
    ):
        for image in (blocks, blocks.convert("L"), blocks.convert("P" if format in ("GIF", "PNG") else "RGB")):
            out = io.BytesIO()
            image.save(out, format, **({} if format in ("GIF", "BMP", "JPEG2000") else {"exif": exif}))
            yield suffix, out.getvalue()
    for compression in ("tiff_lzw", "jpeg", "tiff_adobe_deflate", "packbits"):
        out = io.BytesIO()
        blocks.save(out, "TIFF", compression=compression)
        yield ".tif", out.getvalue()
    for orientation, preview in ((1, blocks), (6, None)):
        yield ".dng", dng(quarters(), orientation, preview)
    with tempfile.TemporaryDirectory() as folder:
        for suffix in (".mp4", ".mov", ".mkv", ".avi"):
            yield suffix, film(Path(folder, f"film{suffix}"), 2).read_bytes()
    yield from _others()


def _others() -> Iterator[tuple[str, bytes]]:
    """Odd and broken pictures from elsewhere, where there are any: a tar, or a folder of the user's."""
    if AWKWARD.is_file():
        with tarfile.open(AWKWARD) as tar:
            for member in tar:
                suffix = os.path.splitext(member.name)[1].lower()
                if member.isfile() and suffix in EXTENSIONS and member.size < 300_000:
                    file = tar.extractfile(member)
                    assert file is not None
                    yield suffix, file.read()
    folder = os.environ.get("SIGHTLINE_FUZZ_SEEDS")
    for path in sorted(Path(folder).rglob("*")) if folder else ():
        if path.suffix.lower() in EXTENSIONS and path.is_file():
            yield path.suffix.lower(), path.read_bytes()


def mutated(data: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    """Cut short, bits flipped, bytes overwritten, a piece repeated or removed, or spliced with another file."""
    kind = rng.integers(6)
    values = bytearray(data)
    at = int(rng.integers(len(data)))
    length = int(rng.integers(1, 1 + max(1, len(data) // 4)))
    if kind == 0:
        return data[:at]
    if kind == 1:
        for _ in range(int(rng.integers(1, 30))):
            values[int(rng.integers(len(values)))] ^= 1 << int(rng.integers(8))
    elif kind == 2:  # sizes and offsets are in the first bytes
        at = int(rng.integers(min(len(values), 200)))
        values[at : at + 4] = bytes(rng.choice([0, 0xFF, 0x7F, 0x80], 4).tolist())
    elif kind == 3:
        values[at:at] = values[at : at + length]
    elif kind == 4:
        del values[at : at + length]
    else:
        return data[:at] + other[int(rng.integers(len(other))) :]
    return bytes(values)


@contextmanager
def timed() -> Iterator[dict[str, float]]:
    """The seconds that each file took to be read and decoded, by its path."""
    seconds: dict[str, float] = {}
    real = reading._read

    def read(library: Library, process: DecodeProcess, found: FoundFile, encoder_id: int) -> reading.ReadFile:
        began = time.monotonic()
        try:
            return real(library, process, found, encoder_id)
        finally:
            seconds[found.path] = time.monotonic() - began

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "_read", read)
        yield seconds


def fuzz(library: Library, root: Path, count: int) -> int:
    """Ingests `count` mutated files and checks what became of each; gives back how many were read as pictures."""
    rng = np.random.default_rng(1)
    whole = list(seeds())
    folder, _ = add_folder(library.catalog, root)
    readable = 0
    reasons: Counter[str] = Counter()
    for start in range(0, count, _TOGETHER):
        paths = []
        for number in range(start, min(start + _TOGETHER, count)):
            suffix, data = whole[rng.integers(len(whole))]
            path = root / f"{number:05}{suffix}"
            changed = mutated(data, whole[rng.integers(len(whole))][1], rng) + number.to_bytes(4, "big")
            if start >= _FIRST:
                path.write_bytes(changed)
                paths.append(path)
        if not paths:
            continue
        with timed() as seconds:
            report = ingest(library, folder, accept_missing=True)
        assert report.done == len(paths) == report.indexed + report.known + len(report.failed)
        assert all(reason and "\n" not in reason for _, reason in report.failed)
        assert len(seconds) == len(paths)
        slowest = max(seconds, key=lambda path: seconds[path])
        tell(f"slowest of {len(seconds)}: {slowest}, {seconds[slowest]:.2f} s; largest decoder: {memory():,} bytes")
        for path in (path for path, lasted in seconds.items() if lasted > MOST_SECONDS):
            lasted = seconds_of(library, path)
            tell(f"{path} took {seconds[path]:.2f} s and {lasted:.2f} s the second time")
            assert lasted < MOST_SECONDS, f"{path} took {lasted:.1f} s"
        unexpected = [failure for failure in report.failed if "crashed" in failure[1] or "ended with" in failure[1]]
        for path, reason in unexpected:
            tell(f"{path}: {reason}")
        reasons.update(re.sub(r"\d[\d,.]*|'.*'", "N", reason) for _, reason in report.failed)
        readable += report.indexed + report.known
        for path in paths:
            path.unlink()
    ingest(library, folder, accept_missing=True)
    tell(f"{count - _FIRST} files, {readable} read, {reasons.total()} failed:")
    for reason, times in reasons.most_common():
        tell(f"{times:7} {reason}")
    return readable


def seconds_of(library: Library, path: str) -> float:
    """How long one file takes by itself: a file that hangs does so again, a busy machine was late once."""
    process = DecodeProcess(Setup(library.encoder.preprocessing, library.limits))
    began = time.monotonic()
    with suppress(PhotoError):
        process.read(path)
        process.decode()
    lasted = time.monotonic() - began
    process.close()
    return lasted


def memory() -> int:
    """Bytes of the largest process that was a child of this one and has ended."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024


def tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def check(library: Library, root: Path, count: int) -> None:
    root.mkdir()
    (root / "keep.txt").write_text("so that the folder never looks unplugged")
    readable = fuzz(library, root, count)
    with library.catalog.reading() as session:
        rows = session.execute(select(func.count(), func.count(Photo.content_id), func.count(Photo.error))).one()
        vectors = session.execute(select(func.count(Vector.content_id.distinct()))).scalar_one()
        contents = session.execute(select(func.count(Content.id))).scalar_one()
    assert rows[0] >= count - _FIRST - 1 and rows[1] + rows[2] == rows[0], "every file is a picture or has a reason"
    assert contents == vectors, "no picture without its vector"
    assert readable > (count - _FIRST) / 10, "mutations so wild test nothing but the first bytes"
    assert FollowedIndex(library).catch_up() == 0  # the files are gone again
    assert memory() < MOST_MEMORY, f"a decoder held {memory():,} bytes"


def trial(root: str, count: int) -> None:
    """`check` on a library of its own; see `in_a_process_of_its_own`."""
    library = Library(load_settings(batch_size=32, decode_workers=2))
    check(library, Path(root), count)
    library.close()


def in_a_process_of_its_own(root: Path, count: int) -> None:
    """Runs `trial` where nothing else was started: a child counts what its parent held when it was forked."""
    code = f"from tests.faults.test_fuzz_images import trial; trial({str(root)!r}, {count})"
    ended = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=False)
    assert ended.returncode == 0


def test_mutated_pictures_cost_no_more_than_themselves(tmp_path: Path) -> None:
    in_a_process_of_its_own(tmp_path / "fuzz", int(os.environ.get("SIGHTLINE_FUZZ_COUNT", 150)))


@pytest.mark.slow
def test_twenty_thousand_mutated_pictures(tmp_path: Path) -> None:
    in_a_process_of_its_own(tmp_path / "fuzz", 20_000)
