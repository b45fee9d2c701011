"""The library page: folders as cards, adding and removing them, pausing; and the guide of an empty library."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Visit, served
from tests.conftest import paint


@pytest.mark.slow
def test_folders_are_added_paused_shown_and_removed_once_confirmed(
    browser: Browser, visit: Visit, tmp_path: Path
) -> None:
    folder = tmp_path / "Holiday"
    for seed in range(3):
        paint(folder / f"{seed}.png", seed)
    paint(folder / "copies" / "1.png", 1)
    (folder / "letter.jpg").write_text("Dear photo,")
    with served(tmp_path / "home", folder) as address:
        page = visit(address)
        page.get_by_role("link", name="Library").click()
        expect(page.get_by_text("4 photos · 1 could not be read · looked through just now")).to_be_visible()
        expect(page.get_by_text("Not watched").first).to_be_visible()
        page.get_by_role("button", name="Pause indexing").click()
        expect(page.get_by_text("Indexing is paused")).to_be_visible()
        page.get_by_role("button", name="Resume indexing").click()
        expect(page.get_by_text("Indexing is paused")).to_be_hidden(timeout=30_000)
        expect(page.get_by_role("button", name="Pause", exact=True)).to_have_count(1)
        page.get_by_role("button", name="Pause", exact=True).click()
        expect(page.get_by_text("Paused").first).to_be_visible()
        page.get_by_role("button", name="Resume", exact=True).click()
        expect(page.get_by_text("Looking for changes, just now")).to_be_visible(timeout=60_000)
        group = page.get_by_role("region", name="The same file more than once")
        expect(group.get_by_text("Proposed to keep")).to_be_visible(timeout=60_000)
        expect(group.locator("img")).to_have_count(2)
        (folder / "letter.jpg").unlink()
        paint(folder / "letter.jpg", 9)
        page.get_by_role("button", name="Look for changes now").click()
        expect(page.get_by_text("5 photos · looked through just now")).to_be_visible(timeout=60_000)
        page.get_by_role("button", name="Show", exact=True).click()
        expect(page.get_by_text("4 of 4 photos, newest first")).to_be_visible()
        page.get_by_role("link", name="Library").click()
        page.get_by_role("button", name="Remove").click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_text("The photos on disk are not touched.")).to_be_visible()
        dialog.get_by_role("button", name="Keep it").click()
        expect(dialog).to_be_hidden()
        page.get_by_role("button", name="Remove").click()
        dialog.get_by_role("button", name="Take it out").click()
        expect(page.get_by_text("photos taken out of the library")).to_be_visible()
        expect(page.get_by_text("Find any photo by describing it")).to_be_visible()
        page.close()
    assert len([path for path in folder.rglob("*") if path.is_file()]) == 5


def test_an_empty_library_shows_what_to_do_and_says_what_is_wrong_with_a_path(
    browser: Browser, visit: Visit, tmp_path: Path
) -> None:
    paint(tmp_path / "Holiday" / "a.png")
    with served(tmp_path / "home") as address:
        page = visit(address)
        box = page.get_by_role("textbox", name="The folder that holds them")
        for written, said in (("Pictures", "expected a whole path"), (str(tmp_path / "gone"), "no such folder")):
            box.fill(written)
            page.get_by_role("button", name="Add", exact=True).click()
            expect(page.get_by_text(said)).to_be_visible()
        box.fill(str(tmp_path / "Holiday"))
        page.get_by_role("button", name="Add", exact=True).click()
        expect(page.get_by_text("was added")).to_be_visible()
        page.get_by_role("link", name="Library").click()
        expect(page.get_by_text("1 photo · looked through")).to_be_visible(timeout=60_000)
        page.close()
