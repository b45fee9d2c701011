"""What the documents are written with and about."""

import io
import random
from dataclasses import dataclass
from functools import cache

from matplotlib import font_manager
from PIL import Image, ImageDraw, ImageFont

Font = ImageFont.FreeTypeFont

PAPERS = ("#ffffff", "#fdfcf7", "#f7f3e6", "#f2f2ee")
INKS = ("#111111", "#222233", "#1b2a6b", "#333333")


@dataclass(eq=False)
class Desk:
    """What is written with and about: one random source, words, fonts, photographs, icons."""

    rng: random.Random
    words: list[str]
    hands: list[bytes]
    photos: list[Image.Image]
    icons: list[Image.Image]

    @cache  # noqa: B019 - a desk lives as long as the program
    def font(self, size: int, family: str = "DejaVu Sans", weight: str = "normal") -> Font:
        properties = font_manager.FontProperties(family=family, weight=weight)
        return ImageFont.truetype(font_manager.findfont(properties), size)

    def hand(self, size: int) -> Font:
        return ImageFont.truetype(io.BytesIO(self.rng.choice(self.hands)), size)

    def line(self, count: int) -> str:
        return " ".join(self.rng.choice(self.words) for _ in range(count))

    def price(self) -> str:
        return f"{self.rng.uniform(0.3, 80):.2f}"

    def sheet(self, width: int, height: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
        image = Image.new("RGB", (width, height), self.rng.choice(PAPERS))
        return image, ImageDraw.Draw(image)

    def photo(self, width: int, height: int) -> Image.Image:
        return self.rng.choice(self.photos).resize((width, height))


def write(draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int], font: Font, ink: str, desk: Desk) -> None:
    """Fills a box (left, top, right, bottom) with lines of words, some ending early as paragraphs do."""
    left, top, right, bottom = box
    height = round(font.size * 1.45)
    for y in range(top, bottom - height + 1, height):
        full = right - left if desk.rng.random() < 0.85 else (right - left) * desk.rng.uniform(0.2, 0.8)
        text, longer = "", desk.line(1)
        while font.getlength(longer) < full:
            text, longer = longer, f"{longer} {desk.line(1)}"
        draw.text((left, y), text, font=font, fill=ink)
