"""Sheets of paper: receipts, letters, newspapers, notes, codes, music."""

from calendar import day_abbr, month_name

import numpy as np
from matplotlib import font_manager
from PIL import Image, ImageDraw, ImageFont

from kinds.desk import INKS, Desk, write


def receipt(desk: Desk) -> Image.Image:
    rows = desk.rng.randint(8, 26)
    image, draw = desk.sheet(300, 150 + rows * 22 + 120)
    font = desk.font(16, "DejaVu Sans Mono")
    big = desk.font(24, weight="bold")
    draw.text((150, 30), desk.line(2).upper(), font=big, fill="#222", anchor="mm")
    for y, text in ((60, desk.line(3)), (80, f"Tel {desk.rng.randint(10**6, 10**8)}"), (104, "*" * 26)):
        draw.text((150, y), text, font=font, fill="#333", anchor="mm")
    for row in range(rows):
        y = 130 + row * 22
        draw.text((14, y), desk.line(2)[:18], font=font, fill="#333")
        draw.text((286, y), desk.price(), font=font, fill="#333", anchor="ra")
    y = 140 + rows * 22
    draw.line((14, y, 286, y), fill="#333")
    draw.text((14, y + 8), "TOTAL", font=big, fill="#222")
    draw.text((286, y + 8), desk.price(), font=big, fill="#222", anchor="ra")
    if desk.rng.random() < 0.6:
        _bars(draw, (40, y + 50, 260, y + 95), desk)
    return image


def printed_page(desk: Desk) -> Image.Image:
    image, draw = desk.sheet(480, 660)
    family = desk.rng.choice(("DejaVu Serif", "DejaVu Sans", "STIXGeneral"))
    draw.text((50, 40), desk.line(4).title(), font=desk.font(24, family, "bold"), fill="#111")
    for top in range(90, 560, 180):
        write(draw, (50, top, 430, top + 165), desk.font(desk.rng.choice((12, 14, 16)), family), "#222222", desk)
    return image


def open_book(desk: Desk) -> Image.Image:
    image, draw = desk.sheet(760, 540)
    font = desk.font(15, desk.rng.choice(("DejaVu Serif", "STIXGeneral")))
    for left in (40, 410):
        write(draw, (left, 50, left + 310, 490), font, "#222222", desk)
        draw.text((left + 155, 510), str(desk.rng.randint(2, 400)), font=font, fill="#333", anchor="mm")
    shade = Image.linear_gradient("L").rotate(90).resize((60, 540))
    image.paste(Image.new("RGB", (60, 540), "#8a8578"), (320, 0), shade.point(lambda v: v // 2))
    draw.line((380, 0, 380, 540), fill="#777", width=2)
    return image


def newspaper(desk: Desk) -> Image.Image:
    image, draw = desk.sheet(600, 800)
    image.paste("#eceae2", (0, 0, 600, 800))
    draw.text(
        (300, 46),
        f"The {desk.line(1)} {desk.rng.choice(('Times', 'Post', 'News', 'Herald'))}".title(),
        font=desk.font(44, "DejaVu Serif", "bold"),
        fill="#111",
        anchor="mm",
    )
    draw.line((20, 80, 580, 80), fill="#111", width=3)
    draw.text((20, 96), desk.line(5).title(), font=desk.font(30, "DejaVu Serif", "bold"), fill="#111")
    image.paste(desk.photo(370, 250).convert("L").convert("RGB"), (20, 150))
    font = desk.font(11, "DejaVu Serif")
    for column in range(3):
        left = 20 + column * 190
        write(draw, (left, 150 if column == 2 else 415, left + 175, 785), font, "#222222", desk)
    return image


def form(desk: Desk) -> Image.Image:
    image, draw = desk.sheet(480, 640)
    draw.text((30, 30), desk.line(3).title(), font=desk.font(22, weight="bold"), fill="#111")
    font, pen = desk.font(13), desk.hand(24)
    for y in range(90, 600, 52):
        draw.text((30, y), desk.line(2) + ":", font=font, fill="#333")
        draw.rectangle((30, y + 18, 450, y + 44), outline="#666")
        if desk.rng.random() < 0.6:
            draw.text((38, y + 16), desk.line(3), font=pen, fill="#1b2a6b")
    return image


def handwritten_note(desk: Desk) -> Image.Image:
    image, draw = desk.sheet(460, desk.rng.choice((320, 460, 600)))
    if desk.rng.random() < 0.25:
        image.paste("#fff27a", (0, 0, *image.size))
    elif desk.rng.random() < 0.5:
        for y in range(40, image.height, 36):
            draw.line((0, y, 460, y), fill="#b8c8e8")
    write(draw, (30, 20, 430, image.height - 20), desk.hand(desk.rng.randint(26, 36)), desk.rng.choice(INKS), desk)
    return image


def qr_code(desk: Desk) -> Image.Image:
    modules = desk.rng.choice((21, 25, 29, 33))
    cells = np.random.default_rng(desk.rng.randrange(2**32)).random((modules, modules)) < 0.5
    finder = np.pad(np.pad(np.ones((3, 3), bool), 1), 1, constant_values=True)
    for top, left in ((0, 0), (0, modules - 7), (modules - 7, 0)):
        cells[max(0, top - 1) : top + 8, max(0, left - 1) : left + 8] = False
        cells[top : top + 7, left : left + 7] = finder
    code = Image.fromarray(np.where(np.pad(cells, 3), 0, 255).astype(np.uint8))
    return code.resize((code.width * 10, code.height * 10), Image.Resampling.NEAREST).convert("RGB")


def barcode(desk: Desk) -> Image.Image:
    image, draw = desk.sheet(420, 240)
    _bars(draw, (40, 30, 380, 180), desk)
    draw.text(
        (210, 205),
        " ".join(str(desk.rng.randint(0, 9)) for _ in range(13)),
        font=desk.font(22),
        fill="#111",
        anchor="mm",
    )
    return image


def _bars(draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int], desk: Desk) -> None:
    x = box[0]
    while x < box[2]:
        width = desk.rng.choice((2, 2, 4, 6))
        draw.rectangle((x, box[1], x + width - 1, box[3]), fill="#111")
        x += width + desk.rng.choice((2, 4, 6))


def sheet_music(desk: Desk) -> Image.Image:
    image, draw = desk.sheet(560, 720)
    draw.text((280, 40), desk.line(3).title(), font=desk.font(26, "DejaVu Serif", "bold"), fill="#111", anchor="mm")
    for top in range(100, 660, 90):
        for row in range(5):
            draw.line((40, top + row * 9, 520, top + row * 9), fill="#222")
        for bar in range(40, 530, 120):
            draw.line((bar, top, bar, top + 36), fill="#222")
        draw.text(
            (42, top - 12), "\U0001d11e", font=ImageFont.truetype(font_manager.findfont("STIXGeneral"), 56), fill="#111"
        )
        for x in range(90, 510, desk.rng.randint(18, 34)):
            y = top + desk.rng.randint(-1, 9) * 4.5
            draw.ellipse(
                (x - 6, y - 4, x + 6, y + 4), fill="#111" if desk.rng.random() < 0.8 else None, outline="#111", width=2
            )
            draw.line((x + 5, y, x + 5, y - 30), fill="#111", width=2)
    return image


def calendar(desk: Desk) -> Image.Image:
    image, draw = desk.sheet(560, 460)
    accent = desk.rng.choice(("#c0392b", "#2e75b6", "#222222"))
    draw.text((280, 34), desk.rng.choice(month_name[1:]), font=desk.font(32, weight="bold"), fill=accent, anchor="mm")
    start = desk.rng.randint(0, 6)
    for column, day in enumerate(day_abbr):
        draw.text((50 + column * 76, 80), day, font=desk.font(15, weight="bold"), fill=accent, anchor="mm")
    for day in range(1, 32):
        row, column = divmod(day - 1 + start, 7)
        x, y = 12 + column * 76, 100 + row * 58
        draw.rectangle((x, y, x + 76, y + 58), outline="#aaa")
        draw.text((x + 6, y + 4), str(day), font=desk.font(16), fill="#222")
    return image


def menu(desk: Desk) -> Image.Image:
    image, draw = desk.sheet(480, 700)
    if desk.rng.random() < 0.3:
        image.paste("#22262a", (0, 0, 480, 700))
    ink = "#f2ead8" if image.getpixel((0, 0))[0] < 100 else "#3a2a1a"  # type: ignore[index]
    draw.text((240, 50), "Menu", font=desk.hand(60), fill=ink, anchor="mm")
    heading, dish = desk.font(22, "DejaVu Serif", "bold"), desk.font(15, "DejaVu Serif")
    for top in range(110, 650, 186):
        draw.text((240, top + 10), desk.line(1).title(), font=heading, fill=ink, anchor="mm")
        for y in range(top + 40, top + 170, 32):
            draw.text((40, y), desk.line(3)[:30], font=dish, fill=ink)
            draw.text((440, y), desk.price(), font=dish, fill=ink, anchor="ra")
    return image


def crossword(desk: Desk) -> Image.Image:
    image, draw = desk.sheet(480, 480)
    cells = desk.rng.choice((11, 13, 15))
    side = 440 // cells
    for row in range(cells):
        for column in range(cells):
            x, y = 20 + column * side, 20 + row * side
            black = desk.rng.random() < 0.18
            draw.rectangle((x, y, x + side, y + side), fill="#111" if black else "#fff", outline="#111")
            if not black and desk.rng.random() < 0.25:
                draw.text((x + 2, y + 1), str(desk.rng.randint(1, 60)), font=desk.font(9), fill="#111")
    return image


def business_card(desk: Desk) -> Image.Image:
    image, draw = desk.sheet(460, 270)
    accent = desk.rng.choice(("#2e75b6", "#c0392b", "#222222", "#548235"))
    draw.rectangle((0, 0, desk.rng.choice((14, 120)), 270), fill=accent)
    draw.text((150, 50), desk.line(2).title(), font=desk.font(28, weight="bold"), fill="#111")
    draw.text((150, 90), desk.line(2).title(), font=desk.font(16), fill=accent)
    for y, text in (
        (160, f"+{desk.rng.randint(10**9, 10**11)}"),
        (186, f"{desk.line(1)}@{desk.line(1)}.com"),
        (212, desk.line(4).title()),
    ):
        draw.text((150, y), text, font=desk.font(14), fill="#333")
    return image
