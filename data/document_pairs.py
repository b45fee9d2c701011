"""Documents, charts, screens and maps, drawn with made-up contents, each beside what it is called, to train on.

    for font in caveat indie-flower reenie-beanie homemade-apple; do npm pack @fontsource/$font@5.3.0; done
    python data/document_pairs.py --hands *.tgz --photos coco-sample.tar --icons emoji.tar --out documents.tar

People keep receipts, letters, screenshots and diagrams among their photos; captions of photographs hold none. Half of
the sheets lie on a table, as a phone sees them. The hands are fonts under the Open Font License; photographs stand in
newspapers and web pages, icons on a phone's screen.
"""

import argparse
import random
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

from kinds.charts import bar_chart, flow_chart, line_chart, pie_chart, scatter_plot
from kinds.desk import Desk
from kinds.screens import chat, collage, phone_screen, slide, source_code, spreadsheet, street_map, terminal, web_page
from kinds.sheets import (
    barcode,
    business_card,
    calendar,
    crossword,
    form,
    handwritten_note,
    menu,
    newspaper,
    open_book,
    printed_page,
    qr_code,
    receipt,
    sheet_music,
)
from kinds.table import on_table
from kinds.tar import write_tar
from PIL import Image

from clipcore.pairs.webdataset import read_pairs

SIDE = 208  # pixels of the long side, when all is drawn
PAPER = True  # may lie on a table
KINDS: dict[str, tuple[Callable[[Desk], Image.Image], bool, tuple[str, ...]]] = {
    "receipt": (
        receipt,
        PAPER,
        ("a receipt", "a shop receipt with prices", "a photo of a receipt", "the bill of a store"),
    ),
    "page": (printed_page, PAPER, ("a printed page", "printed text", "a document", "a letter", "a scanned document")),
    "book": (open_book, PAPER, ("an open book", "pages of a book", "a page of a book", "printed text in a book")),
    "newspaper": (newspaper, PAPER, ("a newspaper", "the front page of a newspaper", "a newspaper article")),
    "form": (form, PAPER, ("a form", "a filled-in form", "an official document", "an application form")),
    "handwriting": (
        handwritten_note,
        PAPER,
        ("handwriting", "a handwritten note", "a handwritten letter", "notes written by hand"),
    ),
    "spreadsheet": (spreadsheet, not PAPER, ("a spreadsheet", "a table of numbers", "a screenshot of a spreadsheet")),
    "bars": (bar_chart, not PAPER, ("a bar chart", "a chart", "a bar graph", "a diagram with bars")),
    "lines": (line_chart, not PAPER, ("a line chart", "a graph", "a chart with lines", "a plot of curves")),
    "pie": (pie_chart, not PAPER, ("a pie chart", "a chart", "a round diagram with slices")),
    "scatter": (scatter_plot, not PAPER, ("a scatter plot", "a plot of points", "a chart with dots")),
    "flow": (flow_chart, not PAPER, ("a flow chart", "a diagram", "a diagram of boxes and arrows")),
    "code": (source_code, not PAPER, ("source code", "a screenshot of source code", "computer code in an editor")),
    "terminal": (
        terminal,
        not PAPER,
        ("a terminal window", "a screenshot of a command line", "a screenshot of a computer"),
    ),
    "chat": (chat, not PAPER, ("a screenshot of a chat", "text messages on a phone", "a chat conversation")),
    "web": (
        web_page,
        not PAPER,
        ("a screenshot of a web page", "a website", "a web page in a browser", "a screenshot"),
    ),
    "phone": (
        phone_screen,
        not PAPER,
        ("the home screen of a phone", "app icons on a phone", "a screenshot of a phone"),
    ),
    "map": (street_map, not PAPER, ("a map", "a street map", "a map of a city", "a road map")),
    "qr": (qr_code, PAPER, ("a QR code", "a square barcode", "a QR code to scan")),
    "barcode": (barcode, PAPER, ("a barcode", "a bar code with numbers")),
    "music": (sheet_music, PAPER, ("sheet music", "musical notes on paper", "a page of music")),
    "slide": (slide, not PAPER, ("a presentation slide", "a slide with bullet points", "a slide of a talk")),
    "calendar": (calendar, PAPER, ("a calendar", "a page of a calendar", "a month of a calendar")),
    "menu": (menu, PAPER, ("a menu", "the menu of a restaurant", "a menu with prices")),
    "crossword": (crossword, PAPER, ("a crossword puzzle", "a crossword")),
    "card": (business_card, PAPER, ("a business card", "a visiting card")),
    "collage": (collage, not PAPER, ("a collage of photos", "a grid of pictures", "several photos in one picture")),
}


def documents(desk: Desk, per_kind: int) -> Iterator[tuple[str, Image.Image, list[str]]]:
    """Key, picture and captions."""
    for name, (draw, paper, captions) in KINDS.items():
        for number in range(per_kind):
            picture = draw(desk)
            laid = paper and desk.rng.random() < 0.5
            if laid:
                picture = on_table(picture, desk)
            picture.thumbnail((SIDE, SIDE))
            chosen = desk.rng.sample(captions, min(len(captions), 3))
            yield (
                f"{name}/{number:03}",
                picture,
                [f"{c} on a table" if laid and i == 2 else c for i, c in enumerate(chosen)],
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--hands", nargs="+", required=True, type=Path, help="packages of @fontsource, as npm packs them"
    )
    parser.add_argument(
        "--photos", required=True, type=Path, help="captioned photographs, as WebDataset; their words are used"
    )
    parser.add_argument("--icons", required=True, type=Path, help="drawings on white, as WebDataset")
    parser.add_argument("--out", required=True, type=Path, help="the tar to write")
    parser.add_argument("--per-kind", type=int, default=70, help="pictures of each kind (default: 70)")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    pairs = list(read_pairs(arguments.photos))
    words = sorted(
        {word.strip(".,\"'").lower() for pair in pairs for text in pair.texts({}) for word in text.split()} - {""}
    )
    hands = []
    for package in arguments.hands:
        with tarfile.open(package) as archive:
            hands += [archive.extractfile(m).read() for m in archive if m.name.endswith("-latin-400-normal.woff")]  # type: ignore[union-attr]
    photos = [pair.open().convert("RGB") for pair in rng.sample(pairs, min(300, len(pairs)))]
    drawings = list(read_pairs(arguments.icons))
    icons = [pair.open().convert("RGB") for pair in rng.sample(drawings, min(200, len(drawings)))]
    desk = Desk(rng, words, hands, photos, icons)
    print(f"{write_tar(documents(desk, arguments.per_kind), arguments.out):,} pictures in {arguments.out}")


if __name__ == "__main__":
    main()
