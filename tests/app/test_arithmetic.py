"""numpy's products in one thread of a server, and what FAISS builds in as many as before."""

import json
import subprocess
import sys

import pytest

THREADS = """
import json, os
os.cpu_count() == 1 and exit()
import app.search
from threadpoolctl import threadpool_info
from app.arithmetic import calculate_in_one_thread
def seen():
    return {one["filepath"]: (one["prefix"], one["num_threads"]) for one in threadpool_info()}
before = seen()
calculate_in_one_thread()
print(json.dumps([before, seen()]))
"""


def test_numpy_takes_one_thread_and_faiss_what_it_took() -> None:
    done = subprocess.run([sys.executable, "-c", THREADS], capture_output=True, text=True, check=True)
    before, after = json.loads(done.stdout or "[{}, {}]")
    numpys = [path for path, (prefix, _) in before.items() if prefix == "libscipy_openblas"]
    if not numpys:
        pytest.skip("numpy computes with something else here, or in one thread anyway")
    assert {path: after[path][1] for path in numpys} == dict.fromkeys(numpys, 1)
    others = before.keys() - numpys
    assert {path: after[path] for path in others} == {path: before[path] for path in others}
