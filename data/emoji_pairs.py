"""Named drawings to train on: emoji, each on white beside what it is called, as a WebDataset tar.

    npm pack emoji-datasource-google@16.0.0 emoji-datasource-twitter@16.0.0 @lobehub/fluent-emoji-3d@1.1.0
    python data/emoji_pairs.py *.tgz --out emoji.tar

Google's drawings are Noto Emoji (Apache-2.0), Twitter's Twemoji (CC BY 4.0), the third Microsoft's Fluent Emoji (MIT).
They name what captions of photographs seldom do: an astronaut, a telescope, a violin. Those of people show head and
shoulders, and are called portraits too. Flags and symbols are left out, being no pictures of things.
"""

import argparse
import io
import json
import sys
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from PIL import Image
from webdataset import TarWriter

NO_THINGS = {"Flags", "Symbols", "Component"}
PORTRAITS = {"person", "person-role"}
SKIN_TONES = ("1F3FB", "1F3FD", "1F3FF")  # light, medium, dark
LIST = "package/emoji.json"
SIDE = 64  # pixels; every set has at least these


def named_looks(packages: Sequence[Path]) -> dict[str, dict[str, str]]:
    """What each drawing is called, by its file's name ("1f9d1-200d-1f680"), from the first package that lists them."""
    for package in packages:
        with tarfile.open(package) as archive:
            if LIST in archive.getnames():
                listed = json.loads(archive.extractfile(LIST).read())  # type: ignore[union-attr]
                return {
                    Path(look["image"]).stem: words(emoji)
                    for emoji in listed
                    if emoji["category"] not in NO_THINGS
                    for look in (emoji, *(v for k, v in emoji.get("skin_variations", {}).items() if k in SKIN_TONES))
                }
    sys.exit(f"none of {', '.join(map(str, packages))} holds {LIST}: one must be an emoji-datasource package")


def words(emoji: dict[str, str]) -> dict[str, str]:
    """The fields of a drawing's JSON."""
    name = name_of(emoji)
    return {"name": name} | ({"portrait": name} if emoji["subcategory"] in PORTRAITS else {})


def drawings(package: Path, names: Mapping[str, object]) -> Iterator[tuple[str, bytes]]:
    """File name and bytes of each named drawing in a package."""
    with tarfile.open(package) as archive:
        for member in archive:
            path = Path(member.name)
            if path.stem in names and path.suffix in (".png", ".webp"):
                yield path.stem, archive.extractfile(member).read()  # type: ignore[union-attr]


def name_of(emoji: dict[str, str]) -> str:
    """ "astronaut" for each of "ASTRONAUT", "MAN ASTRONAUT" and "WOMAN ASTRONAUT"; else the name in lower case."""
    name = emoji["name"].lower().replace("’", "'")
    if emoji["subcategory"] == "person-role":
        name = name.removeprefix("man ").removeprefix("woman ")
    return name


def on_white(data: bytes) -> bytes:
    """The same drawing as a small PNG without transparency."""
    drawing = Image.open(io.BytesIO(data)).convert("RGBA")
    drawing.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    drawing = Image.alpha_composite(Image.new("RGBA", drawing.size, "white"), drawing).convert("RGB")
    stream = io.BytesIO()
    drawing.save(stream, "PNG")
    return stream.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packages", nargs="+", type=Path, help="as npm packs them; one an emoji-datasource")
    parser.add_argument("--out", required=True, type=Path, help="the tar to write")
    arguments = parser.parse_args()
    names = named_looks(arguments.packages)
    count = 0
    with arguments.out.open("wb") as file, TarWriter(file, mtime=0) as writer:
        for package in arguments.packages:
            for key, data in drawings(package, names):
                name = f"{package.name.partition('.')[0]}/{key}"
                writer.write({"__key__": name, "png": on_white(data), "json": names[key]})
                count += 1
    print(f"{count:,} drawings in {arguments.out}")


if __name__ == "__main__":
    main()
