"""A photo whose name and EXIF are markup is shown as text: nothing of it runs in the page."""

from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, expect

from tests.browser.conftest import served
from tests.conftest import paint

NAME = "<img src=x onerror=window.ran=1>.jpg"
SAID = "<script>window.ran=1</script><img src=x onerror=window.ran=1>"


def test_names_and_captions_are_shown_as_text(browser: Browser, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010E] = SAID  # ImageDescription
    exif[0x010F] = exif[0x0110] = "<b onmouseover=window.ran=1>"
    paint(tmp_path / "photos" / NAME, 60, exif=exif)
    with served(tmp_path / "home", tmp_path / "photos") as address:
        page = browser.new_page()
        page.goto(f"{address}/?q=colours")
        page.locator(".photos .open").first.click()
        expect(page.get_by_role("dialog")).to_be_visible()
        page.keyboard.press("i")
        expect(page.get_by_text(SAID)).to_be_visible(timeout=20_000)
        expect(page.get_by_text(NAME).first).to_be_visible()
        assert page.evaluate("window.ran") is None
        page.close()
