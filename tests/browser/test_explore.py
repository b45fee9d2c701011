"""The map, the time line and the tags: what is clicked in them opens, or is asked on the search page."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from clipcore.agreement import check_set
from tests.browser.conftest import Visit, served


def test_the_map_is_moved_and_its_photos_opened_with_keys(visit: Visit, address: str) -> None:
    page = visit(address)
    page.wait_for_load_state("networkidle")  # or a thumbnail of this page is taken for the map's
    page.get_by_role("link", name="Explore").click()
    canvas = page.get_by_role("application", name="Map of the library")
    with page.expect_response(lambda response: "/thumbnail" in response.url, timeout=60_000):
        canvas.wait_for()
    canvas.focus()
    for key in ("+", "ArrowLeft", "-", "0"):
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    box = page.get_by_role("dialog")
    expect(box.locator("img.large.loaded")).to_be_visible()
    expect(box.get_by_text("1 of 5")).to_be_visible()
    expect(box.get_by_role("button", name="Select (x)")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(canvas).to_be_focused()
    page.keyboard.press("Enter")
    expect(box).to_be_visible()
    page.keyboard.press("s")
    expect(page).to_have_url(re.compile(r"\?q=photo%3A"))


def test_a_month_of_the_time_line_opens_as_a_search(visit: Visit, address: str) -> None:
    page = visit(address)
    page.get_by_role("link", name="Explore").click()
    page.get_by_role("radio", name="Time line").click()
    page.get_by_role("listitem").get_by_role("button", name="5 photos").click()
    expect(page).to_have_url(re.compile(r"\?q=date%3A\d{4}-\d\d$"))
    expect(page.get_by_text("5 of 5 photos, newest first")).to_be_visible()


@pytest.mark.slow
def test_suggested_tags_are_accepted_but_for_photos_left_out_and_browsed(
    browser: Browser, visit: Visit, tmp_path: Path
) -> None:
    (tmp_path / "photos").mkdir()
    for number, painting in enumerate(check_set()[0][:12]):
        painting.save(tmp_path / "photos" / f"{number}.png")
    with served(tmp_path / "home", tmp_path / "photos") as address:
        page = visit(address)
        page.get_by_role("link", name="Explore").click()
        page.get_by_role("radio", name="Tags").click()
        expect(page.get_by_text("Nothing is suggested now")).to_be_visible()
        slider = page.get_by_role("slider")
        slider.focus()
        page.keyboard.press("Home")
        page.get_by_role("button", name="Suggest tags").click()
        card = page.locator(".suggestions li").first
        expect(card).to_be_visible(timeout=60_000)
        expect(
            page.get_by_text(re.compile(r"Suggesting tags, just now: \d+ suggestions for \d photos"))
        ).to_be_visible()
        tag = card.get_attribute("aria-label")
        photos = card.locator(".some button").count()
        card.locator(".some button").first.click()
        if photos == 1:
            expect(card.get_by_role("button", name="Accept")).to_be_disabled()
            card.locator(".some button").first.click()
        card.get_by_role("button", name="Accept").click()
        expect(card.get_by_text(f"{tag}: given to")).to_be_visible()
        page.get_by_role("button", name="Show what is left").click()
        page.get_by_role("radio", name=f"{tag} · {max(1, photos - 1)}").click()
        expect(page).to_have_url(re.compile(r"\?q=keyword%3A"))
        expect(page.locator(".photos img.loaded")).to_have_count(max(1, photos - 1))
        page.close()
