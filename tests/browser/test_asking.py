"""Asking: controls that write the language, pictures given in three ways, feedback and its undo, errors that point."""

import base64
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Visit, served
from tests.conftest import paint
from tests.indexer.test_duplicates import scene, shot

DELIVER = """([event, data, name]) => {
  const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0))
  const transfer = new DataTransfer()
  transfer.items.add(new File([bytes], name, { type: "image/png" }))
  const made = event === "paste" ? new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true })
    : new DragEvent(event, { dataTransfer: transfer, bubbles: true, cancelable: true })
  document.body.dispatchEvent(made)
}"""


def test_controls_write_the_query_language_and_the_address_holds_it(page: Page) -> None:
    box = page.get_by_label("Describe a photo")
    box.fill("a wall -people")
    box.press("Enter")
    expect(page).to_have_url(re.compile(r"\?q="))
    page.get_by_role("button", name="Filters").click()
    page.get_by_role("button", name="Landscape").click()
    expect(box).to_have_value("a wall -people orientation:landscape")
    page.get_by_role("button", name="Square").click()
    expect(box).to_have_value(re.compile(r"orientation:landscape\|square|orientation:square\|landscape"))
    page.get_by_role("radio", name="Newest first").click()
    expect(page).to_have_url(re.compile("sort=date"))
    page.reload()
    expect(box).to_have_value(re.compile("a wall -people orientation:"))
    page.get_by_role("button", name="Filters · 2").click()
    page.get_by_role("button", name="Square").click()
    page.get_by_role("button", name="Landscape").click()
    expect(box).to_have_value("a wall -people")


def test_an_error_points_at_the_character(visit: Visit, address: str) -> None:
    page = visit(f"{address}/?q=a+wall+colr:red")
    expect(page.get_by_text("no filter colr")).to_be_visible()
    expect(page.get_by_test_id("stCode")).to_contain_text("a wall colr:red\n       ^", use_inner_text=True)


@pytest.mark.parametrize("way", ["paste", "drop"])
def test_a_picture_pasted_or_dropped_anywhere_finds_its_like(page: Page, tmp_path: Path, way: str) -> None:
    expect(page.locator(".photos img.loaded")).to_have_count(5)
    data = base64.b64encode(paint(tmp_path / "query.png", 1).read_bytes()).decode()  # the same blocks as b.png
    if way == "drop":
        page.evaluate(DELIVER, ["dragover", data, "query.png"])
        expect(page.get_by_text("Drop the picture to find photos like it")).to_be_visible()
    page.evaluate(DELIVER, [way, data, "query.png"])
    expect(page.get_by_text("Like your picture")).to_be_visible()
    expect(page.locator(".photos img").first).to_have_attribute("alt", "b.png")
    page.get_by_role("button", name="Take back").click()
    expect(page.get_by_text("photos ready to be found")).to_be_visible()


def test_a_chosen_file_that_is_no_picture_is_said(page: Page, tmp_path: Path) -> None:
    (tmp_path / "letter.jpg").write_text("Dear photo,")
    page.locator("input[type=file]").set_input_files(tmp_path / "letter.jpg")
    expect(page.get_by_text("not a picture, or a format that is not supported")).to_be_visible()


def test_feedback_moves_the_answer_and_is_undone(visit: Visit, address: str) -> None:
    page = visit(f"{address}/?q=a+wall")
    expect(page.locator(".photos img.loaded")).to_have_count(5)
    before = page.locator(".photos img").evaluate_all("images => images.map((image) => image.alt)")
    last = page.locator(".photos li").last
    last.hover()
    last.get_by_role("button", name="Fewer like").click()
    expect(page.get_by_role("list", name="Asked with").get_by_text("Fewer like")).to_be_visible()
    expect(page.locator(".photos img.loaded")).to_have_count(4)
    assert "dislike=" in page.url
    page.get_by_role("button", name="Take back: Fewer like").click()
    expect(page.locator(".photos img.loaded")).to_have_count(5)
    assert page.locator(".photos img").evaluate_all("images => images.map((image) => image.alt)") == before


def test_an_example_asks_it(page: Page) -> None:
    page.get_by_role("radio", name="a cat", exact=True).click()
    expect(page.get_by_label("Describe a photo")).to_have_value("a cat")
    expect(page).to_have_url(re.compile(r"\?q=a\+cat$"))


@pytest.mark.slow
def test_copies_are_folded_into_one_that_says_so(browser: Browser, visit: Visit, tmp_path: Path) -> None:
    shot(tmp_path / "photos" / "a.jpg", scene(3))
    shot(tmp_path / "photos" / "b.jpg", scene(3).resize((240, 160)))
    with served(tmp_path / "home", tmp_path / "photos") as address:
        page = visit(address)
        page.get_by_role("link", name="Library").click()
        page.get_by_text("Proposed to keep").wait_for(timeout=60_000)
        page.get_by_role("link", name="Search").click()
        page.get_by_label("Describe a photo").fill("a wall")
        page.keyboard.press("Enter")
        expect(page.locator(".photos .alike")).to_have_text("+1")
        expect(page.locator(".photos img.loaded")).to_have_count(1)
        page.get_by_role("button", name="Filters").click()
        page.get_by_text("Copies and bursts as one").first.click()
        expect(page.locator(".photos img.loaded")).to_have_count(2)
        assert "fold=0" in page.url
        page.close()
