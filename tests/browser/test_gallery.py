"""The gallery without end, and one photo large: with a mouse, with keys, on a phone."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import MANY, Visit

END_OF_PAGE = """() => {
  const main = document.querySelector('[data-testid="stMain"]')
  main.scrollTop = main.scrollHeight
}"""

FOCUS_IS_INSIDE = """() => {
  const host = [...document.querySelectorAll("*")].find((one) => one.shadowRoot?.querySelector("dialog[open]"))
  const focused = host.shadowRoot.activeElement
  return focused ? focused.closest("dialog") !== null : document.activeElement === document.body
}"""


@pytest.mark.slow
def test_scrolling_two_thousand_results_holds_a_few_hundred_images(visit: Visit, address_of_many: str) -> None:
    page = visit(f"{address_of_many}/?q=a+wall", width=1440)
    images = page.locator(".photos img")
    expect(images.first).to_be_visible()
    most = 0
    end = page.get_by_text(f"All {MANY:,} photos are shown")
    while not end.is_visible():
        page.evaluate(END_OF_PAGE)
        page.wait_for_timeout(100)
        most = max(most, images.count())
    page.evaluate(END_OF_PAGE)
    expect(page.locator(f".photos li[data-i='{MANY - 1}']")).to_be_visible()
    assert 20 < max(most, images.count()) < 400


@pytest.mark.slow
def test_pictures_keep_their_shapes_and_nothing_jumps(visit: Visit, address_of_many: str) -> None:
    page = visit(f"{address_of_many}/?q=a+wall", width=1440)
    expect(page.locator(".photos img.loaded").nth(20)).to_be_visible()
    before = [card.bounding_box() for card in page.locator(".photos li").all()[:20]]
    shapes = page.locator(".photos img").evaluate_all(
        "images => images.slice(0, 20).map(i => [i.naturalWidth / i.naturalHeight, i.clientWidth / i.clientHeight])"
    )
    assert all(abs(own - shown) < 0.02 * own for own, shown in shapes)
    page.evaluate(END_OF_PAGE)
    page.wait_for_timeout(500)
    page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop = 0")
    expect(page.locator(".photos li[data-i='0'] img.loaded")).to_be_visible()
    after = [page.locator(f".photos li[data-i='{i}']").bounding_box() for i in range(20)]
    assert before == after


def test_a_photo_is_opened_turned_and_closed_with_keys(page: Page) -> None:
    cards = page.locator(".photos .open")
    expect(cards).to_have_count(5)
    cards.first.focus()
    page.keyboard.press("ArrowRight")
    expect(cards.nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    box = page.get_by_role("dialog")
    expect(box).to_be_visible()
    opened = box.locator("h2").inner_text()
    expect(box.locator("img.large.loaded")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(box.locator("h2")).not_to_have_text(opened)
    page.keyboard.press("ArrowLeft")
    expect(box.locator("h2")).to_have_text(opened)
    page.keyboard.press("i")
    expect(box.get_by_text("Where it lies")).to_be_visible()
    expect(box.locator(".words li").first).to_contain_text("%", timeout=60_000)
    for _ in range(12):
        page.keyboard.press("Tab")
        assert page.evaluate(FOCUS_IS_INSIDE), "the focus stays in the photo"
    page.keyboard.press("Escape")
    expect(box).to_be_hidden()
    expect(cards.nth(1)).to_be_focused()


def test_s_asks_for_similar_photos(page: Page) -> None:
    page.locator(".photos .open").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("s")
    expect(page.get_by_role("list", name="Asked with").get_by_text("Like", exact=True)).to_be_visible()
    assert "q=photo%3A" in page.url


def test_a_file_name_that_is_markup_is_shown_as_it_is(page: Page) -> None:
    name = "<img src=x onerror=alert(1)>.png"
    page.get_by_role("button", name=name, exact=True).click()
    box = page.get_by_role("dialog")
    expect(box.locator("h2")).to_have_text(name)
    page.keyboard.press("i")
    expect(box.locator("code")).to_contain_text(name)


def test_what_is_selected_is_saved_as_a_list(page: Page) -> None:
    page.get_by_role("button", name="Select a.jpg").focus()
    page.get_by_role("button", name="Select a.jpg").click()
    page.get_by_role("button", name="Select c.webp").click()
    tray = page.get_by_role("toolbar", name="Selected photos")
    expect(tray.get_by_text("2 selected")).to_be_visible()
    with page.expect_download() as download:
        tray.get_by_role("button", name="List as CSV").click()
    lines = download.value.path().read_text().splitlines()
    assert lines[0].startswith("path,width")
    assert sorted(line.split(",")[0].rsplit("/")[-1] for line in lines[1:]) == ["a.jpg", "c.webp"]
    tray.get_by_role("button", name="Select none").click()
    expect(tray).to_be_hidden()


def test_on_a_phone_a_swipe_turns_the_page(visit: Visit, address: str) -> None:
    page = visit(address, width=390, height=844, has_touch=True, is_mobile=True)
    page.locator(".photos .open").first.tap()
    box = page.get_by_role("dialog")
    opened = box.locator("h2").inner_text()
    touch = {"pointerType": "touch", "bubbles": True}
    box.locator(".stage").dispatch_event("pointerdown", {**touch, "clientX": 300})
    box.locator(".stage").dispatch_event("pointerup", {**touch, "clientX": 100})
    expect(box.locator("h2")).not_to_have_text(opened)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing is wider than the phone"
