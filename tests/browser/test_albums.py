"""Selections become albums, names and downloads; searches become live albums; both are found again and forgotten."""

import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Visit, served
from tests.conftest import paint


def select(page: Page, *names: str) -> None:
    for name in names:
        page.get_by_role("button", name=f"Select {name}").focus()
        page.get_by_role("button", name=f"Select {name}").click()


@pytest.mark.slow
def test_a_selection_is_downloaded_put_into_an_album_and_named(browser: Browser, visit: Visit, tmp_path: Path) -> None:
    for seed, name in enumerate(("a.png", "b.png", "c.png")):
        paint(tmp_path / "photos" / name, seed)
    with served(tmp_path / "home", tmp_path / "photos") as address:
        page = visit(address)
        select(page, "a.png", "c.png")
        tray = page.get_by_role("toolbar", name="Selected photos")
        with page.expect_download() as download:
            tray.get_by_role("button", name="Download").click()
        with zipfile.ZipFile(download.value.path()) as archive:
            assert sorted(archive.namelist()) == ["a.png", "c.png"]
        tray.get_by_role("button", name="Add to album").click()
        tray.get_by_role("combobox", name="Name of the album").fill('Say "cheese"')
        page.keyboard.press("Enter")
        expect(tray.get_by_text('Added to Say "cheese"')).to_be_visible()
        tray.get_by_role("button", name="Name this").click()
        tray.get_by_role("combobox", name="Who or what is it?").fill("Rex")
        page.keyboard.press("Enter")
        expect(tray.get_by_text("“Rex” is known now")).to_be_visible()
        tray.get_by_role("button", name="Show", exact=True).click()
        expect(page).to_have_url(re.compile(r"\?q=Rex$"))
        page.get_by_role("button", name="Save as album").click()
        page.get_by_role("textbox", name="Name of the album").fill("All of Rex")
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_text("All of Rex is in Explore, Albums")).to_be_visible()
        page.get_by_role("link", name="Explore").click()
        page.get_by_role("radio", name="Albums").click()
        expect(page.get_by_role("button", name="All of Rex Rex")).to_be_visible()
        expect(page.get_by_role("button", name="Rex taught on 2 photos")).to_be_visible()
        page.get_by_role("button", name="All of Rex Rex").hover()
        page.get_by_role("button", name="Forget All of Rex").click()
        page.get_by_role("dialog").get_by_role("button", name="Forget it").click()
        expect(page.get_by_role("button", name="All of Rex Rex")).to_be_hidden()
        page.get_by_role("button", name='Say "cheese" 2 photos').click()
        expect(page.get_by_text("2 of 3 photos, newest first")).to_be_visible()
        page.close()
