"""What stands where: on a phone, and on a wide screen."""

from playwright.sync_api import Locator, expect

from tests.browser.conftest import Visit


def _box(of: Locator) -> dict[str, float]:
    found = of.bounding_box()
    assert found is not None
    return {**found, "right": found["x"] + found["width"], "bottom": found["y"] + found["height"]}


def test_on_a_phone_a_question_and_what_is_done_with_photos_have_room(visit: Visit, address: str) -> None:
    page = visit(f"{address}/?q=a+landscape+with+trees", width=390, height=844)
    expect(page.locator(".photos img.loaded")).to_have_count(5)
    line = page.get_by_label("Describe a photo")
    assert line.evaluate("line => line.scrollWidth <= line.clientWidth"), "the question is cut off"
    page.locator(".photos .open").first.focus()
    page.keyboard.press("x")
    tray = page.locator(".tray")
    close, said = _box(tray.get_by_role("button", name="Select none")), _box(tray.get_by_text("1 selected"))
    assert close["right"] > 340 and close["y"] < said["bottom"], "the cross stands in a line of its own"


def test_a_page_begins_below_the_logo(visit: Visit, address: str) -> None:
    page = visit(address, width=1440)
    logo, line = page.get_by_test_id("stHeaderLogo"), page.get_by_label("Describe a photo")
    expect(page.locator(".photos img.loaded")).to_have_count(5)
    assert abs(_box(page.locator(".photos").first)["x"] - _box(logo)["x"]) < 4
    assert _box(line)["width"] > 1000
