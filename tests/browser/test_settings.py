"""The settings page: another encoder compared on the user's own photos, and gone over to."""

import os
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import RUN, Visit, served
from tests.conftest import paint


@pytest.mark.slow
def test_another_encoder_is_compared_and_gone_over_to(
    browser: Browser, visit: Visit, tmp_path: Path, tiny_encoders: tuple[str, str]
) -> None:
    home, photos = tmp_path / "home", tmp_path / "photos"
    for seed in range(4):
        paint(photos / f"{seed}.png", seed)
    index = [*RUN, "index", str(photos)]
    subprocess.run(index, check=True, capture_output=True, env={**os.environ, "SIGHTLINE_HOME": str(home)})
    with served(home, encoder=None) as address:
        page = visit(address)
        page.get_by_role("link", name="Settings").click()
        expect(page.get_by_text("In use")).to_be_visible()
        expect(page.get_by_text("4 photos seen")).to_be_visible()
        box = page.get_by_role("textbox", name="Encoder")
        box.fill("no-such-encoder")
        page.get_by_role("button", name="Compare").click()
        expect(page.get_by_text("no encoder 'no-such-encoder'")).to_be_visible(timeout=60_000)
        box.fill(tiny_encoders[0])
        page.get_by_role("button", name="Compare").click()
        answers = page.get_by_role("region", name="a landscape with trees")
        expect(answers.get_by_text("4 of 4 in common")).to_be_visible(timeout=60_000)
        expect(answers.locator("img")).to_have_count(8)
        page.get_by_role("button", name="Go over to").click()
        expect(page.get_by_role("button", name="Forget")).to_be_visible(timeout=60_000)
        page.get_by_role("radio", name="Where things are").click()
        expect(page.get_by_text(str(home / "config.toml"))).to_be_visible()
        page.get_by_role("radio", name="All settings").click()
        expect(page.get_by_text("Set in the environment as SIGHTLINE_NAME")).to_be_visible()
        page.close()
