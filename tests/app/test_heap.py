"""One heap for all threads, and little for the garbage collector to look through."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import app.ui

THREADS = """
import ctypes, sys, threading
from app.heap import share_one_heap
share_one_heap()
ready = threading.Barrier(5)
def work():
    kept = [bytearray(10_000) for _ in range(20)]
    ready.wait()
threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads: thread.start()
ready.wait()
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
out = ctypes.c_void_p(libc.fopen(b"/dev/stdout", b"w"))
libc.malloc_info(0, out)
libc.fclose(out)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's heaps")
def test_threads_share_one_heap() -> None:
    done = subprocess.run([sys.executable, "-c", THREADS], capture_output=True, text=True, check=True)
    assert done.stdout.count("<heap nr=") == 1


def test_what_is_loaded_is_not_looked_through_again() -> None:
    code = """
import gc, sys, app.commands.serve, app.search, app.server
app.server.keep_what_is_loaded()
print(len(gc.get_objects()), *sys.modules)"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    objects, *modules = done.stdout.split()
    assert int(objects) < 1_000
    later = {"streamlit", "indexer.ingest", "indexer.reading", "indexer.watch", "watchdog"} & set(modules)
    assert not later, "a server would answer its first search later by what these take to import"


def test_pages_do_not_collect_garbage_after_each_run() -> None:
    settings = tomllib.loads((Path(app.ui.__file__).parent / ".streamlit" / "config.toml").read_text())
    assert settings["runner"]["postScriptGC"] is False
