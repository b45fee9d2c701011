"""The pages in a real browser: search, look at results, open similar ones, describe."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.conftest import paint

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
QUIET = (
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium")


@pytest.fixture
def address(own_home: Path, folder: Path) -> Iterator[str]:
    """A server over five pictures."""
    run = [sys.executable, "-m", "app.cli"]
    subprocess.run([*run, "index", str(folder)], check=True, capture_output=True)
    command = [*run, "serve", "--port", "0", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().split()[3]
        process.send_signal(signal.SIGINT)


@pytest.fixture
def page(address: str) -> Iterator[Page]:
    """A page on the server; fails the test when the browser's console had errors."""
    errors: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", *QUIET])
        opened = browser.new_page(viewport={"width": 1280, "height": 900})
        opened.set_default_timeout(30_000)
        opened.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        opened.goto(address)
        yield opened
        browser.close()
    assert errors == []


def test_search_see_results_open_similar_describe(page: Page, folder: Path) -> None:
    box = page.get_by_label("Describe a photo")
    expect(page.get_by_text("5 photos are ready to be found")).to_be_visible(timeout=60_000)

    box.fill("a wall of colours")
    box.press("Enter")
    expect(page.get_by_text("5 of 5 photos, best first")).to_be_visible()
    expect(page.locator("figure")).to_have_count(5)
    for image in page.locator("figure img").all():
        expect(image).to_have_js_property("complete", True)
        expect(image).not_to_have_js_property("naturalWidth", 0)
    assert page.url.endswith("?q=a+wall+of+colours"), "the address holds the question"

    page.get_by_role("button", name="a.jpg", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text(str(folder / "a.jpg"))).to_be_visible()
    dialog.get_by_role("button", name="Describe").click()
    expect(dialog.get_by_text("%").first).to_be_visible(timeout=60_000)
    dialog.get_by_role("button", name="More like this").click()
    expect(page.get_by_text("Photos like")).to_be_visible()
    expect(page.get_by_text("4 of 5 photos, best first")).to_be_visible()
    assert "similar=" in page.url

    page.get_by_role("button", name="Describe b.png").click()
    expect(page.get_by_text("Choose among")).to_be_visible()
    page.get_by_text("My own lines").click()
    page.get_by_label("One caption a line").fill("a wall of colours\na letter")
    page.get_by_label("One caption a line").press("Control+Enter")
    expect(page.get_by_text("a letter ·")).to_be_visible()


def test_a_dropped_picture_finds_its_like(page: Page, tmp_path: Path) -> None:
    query = paint(tmp_path / "query.png", 1)  # the same blocks as b.png
    page.get_by_role("button", name="Search with a picture").click()
    page.locator("input[type=file]").set_input_files(query)
    expect(page.get_by_text("Photos like this picture")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("figure img").first).to_have_attribute("alt", "b.png")


def test_a_picture_that_is_none_is_said(page: Page, tmp_path: Path) -> None:
    (tmp_path / "letter.jpg").write_text("Dear photo,")
    page.get_by_role("button", name="Search with a picture").click()
    page.locator("input[type=file]").set_input_files(tmp_path / "letter.jpg")
    expect(page.get_by_text("not a picture, or a format that is not supported")).to_be_visible()


def test_the_api_describes_itself_in_the_browser(page: Page, address: str) -> None:
    page.goto(f"{address}/api/v1/docs")
    expect(page.get_by_text("Find photos by describing them.")).to_be_visible()
    expect(page.get_by_text("/photos/{photo_id}/similar")).to_be_visible()


def test_the_library_page_counts(page: Page) -> None:
    page.get_by_role("link", name="Library").click()
    expect(page.get_by_text("Searchable photos")).to_be_visible()
    expect(page.get_by_test_id("stMetricValue").first).to_have_text("5")
