"""The worst mistakes as one HTML file that needs nothing beside it: thumbnails are embedded, all text is escaped."""

import base64
import io
from collections.abc import Iterable, Mapping, Sequence
from html import escape

from PIL import ImageOps

from clipcore.errors import ImageError
from clipcore.evaluation.datasets import Example
from clipcore.evaluation.encoded import Encoded
from clipcore.evaluation.mistakes import Mistake
from clipcore.preprocess import to_rgb

THUMBNAIL = 224  # pixels of the longer side

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
:root {{ --ground: #fff; --card: #f4f4f6; --ink: #1a1a1f; --faint: #5d5d68; }}
@media (prefers-color-scheme: dark) {{
  :root {{ --ground: #131316; --card: #1f1f25; --ink: #ececf1; --faint: #a3a3b0; }}
}}
body {{ background: var(--ground); color: var(--ink); font: 15px/1.4 system-ui, sans-serif; margin: 2rem; }}
.cards {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(240px, 1fr)); gap: 1rem; }}
.cards.pairs {{ grid-template-columns: repeat(auto-fill, minmax(420px, 1fr)); }}
article {{ background: var(--card); border-radius: 8px; padding: 1rem; overflow-wrap: anywhere; }}
h3 {{ font-size: 1rem; margin: 0; }}
p, figcaption {{ color: var(--faint); margin: 0 0 .6rem; }}
figcaption {{ font-size: .8rem; margin: .2rem 0 0; }}
.pictures {{ display: flex; gap: .6rem; }}
figure {{ flex: 1; margin: 0; }}
img {{ width: 100%; height: 200px; object-fit: contain; }}
</style>
<h1>{title}</h1>
{sections}
</html>
"""


def mistakes_page(title: str, sections: Sequence[tuple[str, Encoded, Sequence[Mistake]]]) -> str:
    """The page: for each section its heading, the data set its pictures are from, and its mistakes."""
    return _PAGE.format(title=escape(title), sections="\n".join(_section(*section) for section in sections))


def _section(heading: str, images: Encoded, mistakes: Sequence[Mistake]) -> str:
    rows = {row for mistake in mistakes for row, _ in mistake.pictures}
    thumbnails = _thumbnails(images, rows)
    cards = "\n".join(_card(mistake, thumbnails) for mistake in mistakes) or "<p>None.</p>"
    pairs = " pairs" if any(len(mistake.pictures) > 1 for mistake in mistakes) else ""
    return f'<h2>{escape(heading)}</h2>\n<div class="cards{pairs}">\n{cards}\n</div>'


def _card(mistake: Mistake, thumbnails: Mapping[int, str]) -> str:
    figures = "".join(
        f'<figure><img alt="" src="{thumbnails.get(row, "")}"><figcaption>{escape(line)}</figcaption></figure>'
        for row, line in mistake.pictures
    )
    return (
        f"<article><h3>{escape(mistake.title)}</h3><p>{escape(mistake.note)}</p>"
        f'<div class="pictures">{figures}</div></article>'
    )


def _thumbnails(images: Encoded, rows: Iterable[int]) -> dict[int, str]:
    """Data URLs of the pictures in `rows`; their data set is read again, since nothing but vectors was kept of it."""
    wanted = {images.keys[row]: row for row in rows}
    found = {}
    for example in images.data:
        if example.key in wanted:
            found[wanted.pop(example.key)] = _data_url(example)
        if not wanted:
            break
    return found


def _data_url(example: Example) -> str:
    """Empty for a picture that is gone or has changed since it was encoded."""
    try:
        with example.open() as image:
            upright = to_rgb(ImageOps.exif_transpose(image))
    except (ImageError, OSError, ValueError, SyntaxError):
        return ""
    upright.thumbnail((THUMBNAIL, THUMBNAIL))
    stream = io.BytesIO()
    upright.save(stream, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode("ascii")
