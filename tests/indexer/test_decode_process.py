"""What kills a decoder costs one file. Every death here is a real one."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import select

from clipcore.preprocess import Preprocessing
from indexer.catalog import Photo
from indexer.decode_process import DecodeProcess
from indexer.decoder import Setup
from indexer.errors import PhotoError, VanishedError
from indexer.folders import add_folder
from indexer.ingest import ingest
from indexer.library import Library
from indexer.photo import Limits, decode, read_file
from tests.conftest import paint

SQUASH = Preprocessing(size=64, resize="squash")
LIMITS = Limits()


@pytest.fixture
def process() -> Iterator[DecodeProcess]:
    started = DecodeProcess(Setup(SQUASH, LIMITS))
    yield started
    started.close()


def decoders() -> list[int]:
    """The process ids of this process's children that decode."""
    lines = subprocess.run(["ps", "-o", "pid=,args=", "--ppid", str(os.getpid())], capture_output=True, text=True)
    return [int(line.split()[0]) for line in lines.stdout.splitlines() if "indexer.decoder" in line]


def test_gives_what_decoding_in_this_process_gives(process: DecodeProcess, tmp_path: Path) -> None:
    path = paint(tmp_path / "a.jpg", size=(300, 200))
    data, identity = read_file(path, LIMITS)
    here = decode(data, SQUASH, LIMITS)
    assert process.read(str(path)) == identity
    there = process.decode()
    assert np.array_equal(there.pixels, here.pixels)
    assert (there.thumbnail, there.width, there.height, there.format) == (here.thumbnail, 300, 200, "JPEG")
    assert there.metadata.taken_at_source == "file"


def test_errors_arrive_as_they_are(process: DecodeProcess, tmp_path: Path) -> None:
    with pytest.raises(VanishedError):
        process.read(str(tmp_path / "gone.jpg"))
    (tmp_path / "letter.jpg").write_text("This is a letter, not a photo.")
    process.read(str(tmp_path / "letter.jpg"))
    with pytest.raises(PhotoError, match="not a picture"):
        process.decode()


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGKILL])
def test_a_crash_is_a_reason_and_the_next_file_is_decoded(
    process: DecodeProcess, tmp_path: Path, number: signal.Signals
) -> None:
    path = str(paint(tmp_path / "a.png"))
    process.read(path)
    os.kill(decoders()[0], number)
    with pytest.raises(PhotoError, match=f"the decoder crashed \\({number.name}\\)"):
        process.decode()
    process.read(path)
    assert process.decode().width == 96


def test_a_decoder_that_hangs_is_given_up(tmp_path: Path) -> None:
    path = str(paint(tmp_path / "a.png"))
    process = DecodeProcess(Setup(SQUASH, Limits(decode_seconds=0.2)))
    process.read(path)
    os.kill(decoders()[0], signal.SIGSTOP)
    began = time.monotonic()
    with pytest.raises(PhotoError, match="longer than 0.2 s"):
        process.decode()
    assert time.monotonic() - began < 10
    process.close()


def test_a_decoder_that_computes_for_ever_is_given_up(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (700, 700, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "slow.jp2", irreversible=True)  # seconds of wavelets
    process = DecodeProcess(Setup(SQUASH, Limits(decode_seconds=0.05)))
    process.read(str(tmp_path / "slow.jp2"))
    with pytest.raises(PhotoError, match="longer than 0.05 s"):
        process.decode()
    process.close()


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited on Linux alone")
def test_a_picture_that_takes_too_much_memory_is_one_failed_file(tmp_path: Path) -> None:
    Image.new("RGB", (9_000, 9_000)).save(tmp_path / "vast.png", compress_level=1)
    paint(tmp_path / "a.png")
    process = DecodeProcess(Setup(SQUASH, Limits(pixels=10**9, decode_memory_bytes=256 << 20)))
    process.read(str(tmp_path / "vast.png"))
    with pytest.raises(PhotoError, match="not enough memory"):
        process.decode()
    process.read(str(tmp_path / "a.png"))
    assert process.decode().width == 96
    process.close()


def test_a_module_in_the_users_folder_is_not_imported(
    process: DecodeProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "PIL.py").write_text("raise SystemExit('not this one')")
    monkeypatch.chdir(tmp_path)
    process.read(str(paint(tmp_path / "a.png")))
    assert process.decode().width == 96


def test_no_process_outlives_its_parent(tmp_path: Path) -> None:
    path = str(paint(tmp_path / "a.png"))
    code = (
        "import os, signal\n"
        "from tests.indexer.test_decode_process import *\n"
        "process = DecodeProcess(Setup(SQUASH, LIMITS))\n"
        f"process.read({path!r})\n"
        "print(decoders()[0], flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    parent = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    child = int(parent.stdout)
    deadline = time.monotonic() + 10
    while os.path.exists(f"/proc/{child}") and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not os.path.exists(f"/proc/{child}")


def test_a_run_survives_decoders_that_crash_at_any_moment(library: Library, tmp_path: Path) -> None:
    for seed in range(24):
        paint(tmp_path / "photos" / f"{seed}.png", seed, size=(900, 600))
    library.settings = library.settings.model_copy(update={"decode_workers": 2})
    folder, _ = add_folder(library.catalog, tmp_path / "photos")
    over = threading.Event()

    def murder() -> None:
        for _ in range(3):
            while not over.wait(0.2) and not (children := decoders()):
                pass
            if not over.is_set():
                os.kill(children[-1], signal.SIGSEGV)

    murderer = threading.Thread(target=murder)
    murderer.start()
    report = ingest(library, folder)
    over.set()
    murderer.join()
    assert report.done == report.indexed + len(report.failed) == 24
    with library.catalog.reading() as session:
        rows = session.execute(select(Photo.error, Photo.content_id)).all()
    assert len(rows) == 24
    assert all(error is None or "crashed (SIGSEGV)" in error for error, _ in rows)
    assert ingest(library, folder, retry_failed=True).failed == []
    assert decoders() == []
