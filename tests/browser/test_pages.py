"""The pages in a real browser: search, describe, library."""

from playwright.sync_api import Page, expect


def test_a_search_is_answered_and_its_address_holds_it(page: Page, address: str) -> None:
    box = page.get_by_label("Describe a photo")
    expect(page.get_by_text("5 photos ready to be found")).to_be_visible(timeout=60_000)
    box.fill("a wall of colours")
    box.press("Enter")
    expect(page.get_by_text("nearest first").or_(page.get_by_text("best first"))).to_be_visible()
    expect(page.locator(".photos img.loaded")).to_have_count(5)
    assert page.url.endswith("?q=a+wall+of+colours"), "the address holds the question"
    page.reload()
    expect(page.get_by_label("Describe a photo")).to_have_value("a wall of colours")
    expect(page.locator(".photos img.loaded")).to_have_count(5)


def test_a_photo_is_described_in_ones_own_words(page: Page) -> None:
    page.locator(".photos .open").first.click()
    page.keyboard.press("i")
    page.get_by_role("dialog").get_by_role("button", name="Describe with other words").click()
    page.get_by_text("My own lines").click()
    page.get_by_label("One caption a line").fill("a wall of colours\na letter")
    page.get_by_label("One caption a line").press("Control+Enter")
    expect(page.get_by_text("a letter ·")).to_be_visible()


def test_the_api_describes_itself_in_the_browser(page: Page, address: str) -> None:
    page.goto(f"{address}/api/v1/docs")
    expect(page.get_by_text("Find photos by describing them.")).to_be_visible()
    expect(page.get_by_text("/photos/{photo_id}/similar")).to_be_visible()


def test_the_library_page_counts(page: Page) -> None:
    page.get_by_role("link", name="Library").click()
    expect(page.get_by_text("Photos that can be found")).to_be_visible()
    expect(page.get_by_test_id("stMetricValue").first).to_have_text("5")
