"""In a photo opened large: why it matched, and videos that play from where they show what was asked for."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Visit, served
from tests.indexer.test_video import film


def test_w_shows_which_parts_answer_the_words(visit: Visit, address: str) -> None:
    page = visit(f"{address}/?q=a+red+wall")
    page.locator(".photos .open").first.click()
    box = page.get_by_role("dialog")
    button = box.get_by_role("button", name="Why this matched (w)")
    expect(button).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("w")
    expect(box.get_by_role("img", name="answers: a red wall")).to_be_visible(timeout=60_000)
    expect(box.get_by_text("What glows answers your words most")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(box.locator("img.why")).to_be_visible(timeout=60_000)
    page.keyboard.press("w")
    expect(box.locator("img.why")).to_be_hidden()
    expect(button).to_have_attribute("aria-pressed", "false")


def test_without_words_nothing_asks_why(visit: Visit, address: str) -> None:
    page = visit(address)
    page.locator(".photos .open").first.click()
    box = page.get_by_role("dialog")
    expect(box.locator("img.large.loaded")).to_be_visible()
    expect(box.get_by_role("button", name="Why this matched (w)")).to_be_hidden()


@pytest.mark.slow
def test_a_video_plays_from_the_time_of_its_hit(browser: Browser, visit: Visit, tmp_path: Path) -> None:
    film(tmp_path / "films" / "plays.webm", 20, codec="libvpx-vp9")
    film(tmp_path / "films" / "old.mp4", 12)  # MPEG-4 part 2, which browsers do not play
    with served(tmp_path / "home", tmp_path / "films") as address:
        page = visit(f"{address}/?q=a+blue+wall")
        expect(page.locator(".photos img.loaded")).to_have_count(2)
        page.get_by_role("button", name="plays.webm", exact=True).click()
        box = page.get_by_role("dialog")
        video = box.locator("video")
        expect(video).to_be_visible()
        started = float(video.evaluate("video => video.src.split('#t=')[1]"))
        assert started > 0, "blue comes in its second half"
        page.wait_for_function(
            "video => video.readyState >= 2 && !video.paused && video.currentTime > 0", arg=video.element_handle()
        )
        assert started <= video.evaluate("video => video.currentTime") < 20
        page.keyboard.press("w")
        expect(box.locator("img.why")).to_be_visible(timeout=60_000)
        expect(box.get_by_text(f"At 0:{int(started):02}, what glows answers")).to_be_visible()
        assert video.evaluate("video => video.paused")
        page.keyboard.press("w")
        page.wait_for_function("video => !video.paused", arg=video.element_handle())
        page.keyboard.press("Escape")
        page.get_by_role("button", name="old.mp4", exact=True).click()
        expect(box.locator("img.large.loaded")).to_be_visible()
        expect(video).to_be_hidden()
        page.close()
