"""Creates the virtual environment: python scripts/install.py VENV REQUIREMENTS

On Linux a plain `pip install torch` brings several gigabytes of CUDA. Without a GPU, torch is taken from PyTorch's own
index of CPU builds when that can be reached, and from wherever pip finds it when not.
"""

import re
import subprocess
import sys
import urllib.request
import venv
from pathlib import Path

CPU_INDEX = "https://download.pytorch.org/whl/cpu"
_COMES = re.compile(r"^ *(?:Downloading|Using cached) (\S+?)-\d\S* \(([\d.]+ [MG]B)\)")  # the larger files


def main(folder: Path, requirements: Path) -> None:
    if sys.version_info < (3, 11):
        sys.exit(f"Sightline needs Python 3.11 or newer; this is {sys.version.split()[0]}: make run PYTHON=python3.12")
    print(f"creating {folder} (1.7 GB, a few minutes the first time)", file=sys.stderr)
    venv.create(folder, with_pip=True, clear=False)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--progress-bar=off", "--disable-pip-version-check"]
    if sys.platform == "linux" and "gpu" not in requirements.name and _reachable(f"{CPU_INDEX}/torch/"):
        torch = re.findall(r"^torch(?:vision)?==.*$", requirements.read_text(), re.MULTILINE)
        _run([*pip, "--index-url", CPU_INDEX, *torch])
    _run([*pip, "-r", str(requirements)])
    _run([*pip, "--no-deps", "--editable", "."])


def _reachable(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except OSError:
        return False


def _run(command: list[str]) -> None:
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8", errors="replace") as pip:
        assert pip.stdout is not None
        for line in pip.stdout:
            if said := told(line):
                print(f"  {said}", file=sys.stderr, flush=True)
    if pip.returncode:
        sys.exit(f"could not install ({' '.join(command[3:6])} ...): see pip's message above")


def told(line: str) -> str:
    """What to say of a line of pip's: large files that come, and when all are unpacked; else nothing."""
    if found := _COMES.match(line):
        return f"{found[1]}, {found[2]}"
    return "unpacking" if line.startswith("Installing collected packages") and "," in line else ""


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
