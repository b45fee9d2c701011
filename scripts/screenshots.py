"""Takes the README's pictures from a running app: python scripts/screenshots.py [ADDRESS] [FOLDER]

Needs playwright, Chromium, and the demo collection served (`make run`) from a folder whose path may be shown.
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

WIDTH, HEIGHT = 1280, 860
QUERY = "a landscape with trees"


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


def describe(page: Page, address: str) -> None:
    page.goto(f"{address}/?q=a+cup+of+coffee")
    page.locator(".photos .open").first.click()
    page.keyboard.press("i")
    page.get_by_role("dialog").get_by_role("button", name="Describe with other words").click()
    page.get_by_text("%").first.wait_for()


def main(address: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for visit, scheme in ((search, "light"), (photo, "light"), (describe, "dark")):
            page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme=scheme)
            visit(page, address)
            page.wait_for_timeout(1500)  # thumbnails fade in
            page.screenshot(path=folder / f"{visit.__name__}.jpg", quality=88)
        browser.close()


if __name__ == "__main__":
    address = sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8501"
    main(address, Path(sys.argv[2] if len(sys.argv) > 2 else "docs/images"))
