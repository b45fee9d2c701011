"""Takes the pictures of README and docs/ui.md from a running app: python scripts/screenshots.py [ADDRESS] [FOLDER]

Needs playwright, Chromium, and the demo collection served (`sightline serve --watch`) from a folder whose path may be
shown. It suggests tags, but accepts none.
"""

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.sync_api import Page, sync_playwright

QUERY = "a portrait of a woman"


def search(page: Page, address: str) -> None:
    page.goto(f"{address}/?q={QUERY.replace(' ', '+')}")
    page.locator(".photos img.loaded").nth(5).wait_for()


def photo(page: Page, address: str) -> None:
    search(page, address)
    page.locator(".photos .open").first.click()
    dialog = page.get_by_role("dialog")
    dialog.wait_for()
    page.keyboard.press("i")
    dialog.get_by_text("%").first.wait_for()


def why(page: Page, address: str) -> None:
    page.goto(f"{address}/?q=a+cup+of+coffee")
    page.locator(".photos .open").first.click()
    page.keyboard.press("w")
    page.locator("img.why").wait_for()


def select(page: Page, address: str) -> None:
    search(page, address)
    page.locator(".photos .open").first.focus()
    for key in ("x", "ArrowRight", "x", "ArrowRight", "x"):
        page.keyboard.press(key)


def describe(page: Page, address: str) -> None:
    page.goto(f"{address}/?q=a+cup+of+coffee")
    page.locator(".photos .open").first.click()
    page.keyboard.press("i")
    page.get_by_role("dialog").get_by_role("button", name="Describe with other words").click()
    page.get_by_text("%").first.wait_for()


def explore(page: Page, address: str) -> None:
    page.goto(f"{address}/explore")
    page.locator(".names button").first.wait_for()
    page.locator("canvas").focus()
    page.keyboard.press("+")
    page.wait_for_timeout(3_000)  # its thumbnails are drawn


def time_line(page: Page, address: str) -> None:
    page.goto(f"{address}/explore?by=time")
    page.locator(".months img").first.wait_for()


def tags(page: Page, address: str) -> None:
    page.goto(f"{address}/explore?by=tags")
    page.get_by_role("button", name="Suggest tags").click()
    page.locator(".suggestions img").first.wait_for()
    page.get_by_text("Click a photo to leave it out").scroll_into_view_if_needed()


def library(page: Page, address: str) -> None:
    page.goto(f"{address}/library")
    page.get_by_role("button", name="Look for changes now").wait_for()


def settings(page: Page, address: str) -> None:
    page.goto(f"{address}/settings")
    page.get_by_role("button", name="Compare").wait_for()


@dataclass(frozen=True)
class Shot:
    """A picture to be taken."""

    name: str
    visit: Callable[[Page, str], None]
    width: int
    scheme: Literal["light", "dark"] = "light"

    @property
    def height(self) -> int:
        return 800 if self.width < 500 else 860


SHOTS = (
    Shot("search", search, 1280),
    Shot("photo", photo, 1280),
    Shot("describe", describe, 1280, "dark"),
    Shot("ui-search-phone", search, 390, "dark"),
    Shot("ui-photo-phone", photo, 390),
    Shot("ui-why", why, 820),
    Shot("ui-select", select, 820),
    Shot("ui-map", explore, 1440, "dark"),
    Shot("ui-time", time_line, 820, "dark"),
    Shot("ui-tags", tags, 820),
    Shot("ui-library", library, 1440),
    Shot("ui-library-phone", library, 390, "dark"),
    Shot("ui-settings", settings, 1440),
)


def main(address: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for shot in SHOTS:
            page = browser.new_page(viewport={"width": shot.width, "height": shot.height}, color_scheme=shot.scheme)
            page.set_default_timeout(120_000)
            shot.visit(page, address)
            page.wait_for_timeout(1500)  # thumbnails fade in
            quality = 70 if shot.name.startswith("ui-") else 88
            page.screenshot(path=folder / f"{shot.name}.jpg", quality=quality)
            page.close()
        browser.close()


if __name__ == "__main__":
    address = sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8501"
    main(address, Path(sys.argv[2] if len(sys.argv) > 2 else "docs/images"))
