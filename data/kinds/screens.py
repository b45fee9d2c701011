"""What a screen shows: tables, source code, chats, web pages, a phone's icons, maps, slides."""

import math

from PIL import Image, ImageDraw, ImageFilter

from kinds.desk import Desk, write


def spreadsheet(desk: Desk) -> Image.Image:
    image, draw = desk.sheet(640, 440)
    image.paste("#ffffff", (0, 0, 640, 440))
    font, wide = desk.font(12), desk.rng.choice((80, 100, 128))
    green = desk.rng.choice(("#217346", "#e8eaed", "#3b6ea5"))
    draw.rectangle((0, 0, 640, 40), fill=green)
    draw.rectangle((0, 40, 640, 62), fill="#eeeeee")
    for column, x in enumerate(range(40, 640, wide)):
        draw.text((x + wide // 2, 51), chr(65 + column), font=font, fill="#444", anchor="mm")
        draw.line((x, 40, x, 440), fill="#cccccc")
    for row, y in enumerate(range(62, 440, 22)):
        draw.line((0, y, 640, y), fill="#cccccc")
        draw.text((20, y + 11), str(row + 1), font=font, fill="#444", anchor="mm")
        for column, x in enumerate(range(40, 640, wide)):
            if desk.rng.random() < 0.8:
                text = desk.line(1) if column == 0 or row == 0 else f"{desk.rng.uniform(1, 9000):,.1f}"
                draw.text((x + 5, y + 4), text[:12], font=font, fill="#222")
    return image


def source_code(desk: Desk) -> Image.Image:
    dark = desk.rng.random() < 0.6
    image = Image.new("RGB", (640, 440), "#1e1e1e" if dark else "#ffffff")
    draw = ImageDraw.Draw(image)
    font = desk.font(14, "DejaVu Sans Mono")
    inks = (
        ("#569cd6", "#ce9178", "#dcdcaa", "#d4d4d4", "#6a9955")
        if dark
        else ("#0000ff", "#a31515", "#795e26", "#000000", "#008000")
    )
    indent = 0
    for number, y in enumerate(range(14, 420, 20)):
        draw.text((14, y), f"{number + 1:3}", font=font, fill="#858585")
        x = 60 + indent * 28
        for word in desk.line(desk.rng.randint(0, 6)).split():
            text = word + desk.rng.choice((" ", "(", ") ", " = ", ": ", ".", ", "))
            draw.text((x, y), text, font=font, fill=desk.rng.choice(inks))
            x += round(font.getlength(text))
        indent = max(0, min(5, indent + desk.rng.choice((-1, 0, 0, 1))))
    return image


def terminal(desk: Desk) -> Image.Image:
    image = Image.new("RGB", (640, 420), desk.rng.choice(("#000000", "#0c0c0c", "#300a24", "#002b36")))
    draw = ImageDraw.Draw(image)
    font = desk.font(14, "DejaVu Sans Mono")
    draw.rectangle((0, 0, 640, 26), fill="#3c3c3c")
    for x, colour in ((16, "#ff5f56"), (36, "#ffbd2e"), (56, "#27c93f")):
        draw.ellipse((x - 6, 7, x + 6, 19), fill=colour)
    ink = desk.rng.choice(("#cccccc", "#00ff66", "#eeeeee"))
    for y in range(36, desk.rng.randint(200, 400), 19):
        command = desk.rng.random() < 0.3
        draw.text(
            (10, y),
            ("$ " if command else "") + desk.line(desk.rng.randint(1, 8)),
            font=font,
            fill="#8ae234" if command else ink,
        )
    return image


def chat(desk: Desk) -> Image.Image:
    image = Image.new("RGB", (360, 700), desk.rng.choice(("#ffffff", "#e5ddd5", "#0b141a", "#f0f2f5")))
    draw = ImageDraw.Draw(image)
    mine = desk.rng.choice(("#0b84ff", "#34c759", "#dcf8c6", "#a033ff"))
    font = desk.font(15)
    draw.rectangle((0, 0, 360, 60), fill="#f6f6f6")
    draw.text((180, 34), desk.line(1).title(), font=desk.font(18, weight="bold"), fill="#111", anchor="mm")
    y = 80
    while y < 620:
        lines = [desk.line(desk.rng.randint(1, 4))[:26] for _ in range(desk.rng.randint(1, 3))]
        wide = max(font.getlength(line) for line in lines) + 26
        own = desk.rng.random() < 0.5
        left = 346 - wide if own else 14
        draw.rounded_rectangle((left, y, left + wide, y + 14 + 20 * len(lines)), 14, fill=mine if own else "#e9e9eb")
        for i, line in enumerate(lines):
            draw.text(
                (left + 12, y + 7 + 20 * i), line, font=font, fill="#ffffff" if own and mine != "#dcf8c6" else "#111111"
            )
        y += 26 + 20 * len(lines)
    return image


def web_page(desk: Desk) -> Image.Image:
    image = Image.new("RGB", (800, 560), "#ffffff")
    draw = ImageDraw.Draw(image)
    colour = "#" + "".join(desk.rng.choice("123456789a") for _ in range(6))
    draw.rectangle((0, 0, 800, 34), fill="#dee1e6")
    draw.rounded_rectangle((90, 6, 700, 28), 11, fill="#ffffff")
    draw.text((104, 9), f"https://www.{desk.line(1)}.com/{desk.line(1)}", font=desk.font(12), fill="#555")
    draw.rectangle((0, 34, 800, 84), fill=colour)
    draw.text((24, 46), desk.line(1).title(), font=desk.font(24, weight="bold"), fill="#ffffff")
    for x in range(420, 760, 90):
        draw.text((x, 52), desk.line(1)[:9], font=desk.font(13), fill="#ffffff")
    if desk.rng.random() < 0.5:
        image.paste(desk.photo(800, 200), (0, 84))
        write(draw, (40, 310, 540, 540), desk.font(14), "#333333", desk)
        draw.rectangle((580, 310, 770, 350), fill=colour)
    else:
        for x in range(30, 770, 190):
            for y in range(110, 540, 220):
                image.paste(desk.photo(170, 130), (x, y))
                write(draw, (x, y + 138, x + 170, y + 190), desk.font(12), "#333333", desk)
    return image


def phone_screen(desk: Desk) -> Image.Image:
    image = desk.photo(360, 740).filter(ImageFilter.GaussianBlur(desk.rng.choice((0, 3, 20))))
    draw = ImageDraw.Draw(image)
    draw.text(
        (20, 8),
        f"{desk.rng.randint(0, 23)}:{desk.rng.randint(0, 59):02}",
        font=desk.font(16, weight="bold"),
        fill="#fff",
    )
    for y in range(60, desk.rng.choice((420, 540, 660)), 104):
        for x in range(26, 340, 82):
            draw.rounded_rectangle(
                (x, y, x + 62, y + 62),
                14,
                fill=desk.rng.choice(("#ffffff", "#222222", "#3478f6", "#34c759", "#ff9500", "#ff3b30")),
            )
            icon = desk.rng.choice(desk.icons).resize((44, 44))
            image.paste(icon, (x + 9, y + 9))
            draw.text((x + 31, y + 74), desk.line(1)[:8].title(), font=desk.font(11), fill="#ffffff", anchor="mm")
    return image


def street_map(desk: Desk) -> Image.Image:
    image = Image.new("RGB", (560, 560), desk.rng.choice(("#f2efe9", "#e8e6df", "#f5f3ec")))
    draw = ImageDraw.Draw(image)
    turn = desk.rng.uniform(0, math.pi)
    for _ in range(desk.rng.randint(2, 6)):
        x, y, r = desk.rng.randint(0, 560), desk.rng.randint(0, 560), desk.rng.randint(30, 110)
        draw.regular_polygon(
            (x, y, r),
            desk.rng.randint(4, 7),
            desk.rng.randint(0, 90),
            fill=desk.rng.choice(("#c8e6b4", "#b7dca0", "#d9d0c9")),
        )
    bend = [(x, 280 + 120 * math.sin(x / 130 + turn) + desk.rng.randint(-8, 8)) for x in range(-20, 600, 30)]
    draw.line(bend, fill="#a5cbe8", width=desk.rng.randint(14, 50), joint="curve")
    for direction, gap in ((turn, desk.rng.randint(30, 60)), (turn + math.pi / 2, desk.rng.randint(30, 60))):
        dx, dy = math.cos(direction) * 900, math.sin(direction) * 900
        for number, offset in enumerate(range(-600, 600, gap)):
            x, y = 280 - math.sin(direction) * offset, 280 + math.cos(direction) * offset
            main = number % desk.rng.choice((4, 5, 6)) == 0
            draw.line((x - dx, y - dy, x + dx, y + dy), fill="#f7d488" if main else "#ffffff", width=9 if main else 5)
    for _ in range(desk.rng.randint(6, 16)):
        place = (desk.rng.randint(0, 520), desk.rng.randint(0, 540))
        draw.text(place, desk.line(1).title(), font=desk.font(desk.rng.choice((11, 13, 17))), fill="#444")
    return image


def slide(desk: Desk) -> Image.Image:
    image = Image.new("RGB", (720, 405), desk.rng.choice(("#ffffff", "#f4f4f4", "#1f3864", "#202020")))
    ink = "#ffffff" if image.getpixel((0, 0))[0] < 100 else "#222222"  # type: ignore[index]
    draw = ImageDraw.Draw(image)
    draw.rectangle(
        (0, 0, 720, desk.rng.choice((8, 70))), fill=desk.rng.choice(("#c00000", "#2e75b6", "#70ad47", "#ed7d31"))
    )
    draw.text((40, 20), desk.line(4).title(), font=desk.font(30, weight="bold"), fill=ink)
    for y in range(110, desk.rng.randint(240, 380), 48):
        draw.text((50, y), "•  " + desk.line(desk.rng.randint(2, 6)), font=desk.font(20), fill=ink)
    if desk.rng.random() < 0.5:
        image.paste(desk.photo(230, 180), (470, 190))
    return image


def collage(desk: Desk) -> Image.Image:
    across, down = desk.rng.choice(((2, 2), (3, 2), (3, 3), (2, 3)))
    image = Image.new("RGB", (across * 160 + 8, down * 160 + 8), desk.rng.choice(("white", "black", "#eee")))
    for row in range(down):
        for column in range(across):
            image.paste(desk.photo(152, 152), (8 + column * 160, 8 + row * 160))
    return image
