"""axe finds nothing serious on any page, light or dark; and the way from a question to a photo needs no mouse."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit

SERIOUS = ("serious", "critical")


def faults(page: Page) -> list[str]:
    expect(page.locator("[data-stale=true]")).to_have_count(0)  # what is being asked for again is pale meanwhile
    page.wait_for_timeout(1500)  # what fades in is there
    found = Axe().run(page).response["violations"]
    return [
        f"{page.url} {rule['id']}: {node['html'][:200]} {[why['message'] for why in node['any']]}"
        for rule in found
        if rule["impact"] in SERIOUS
        for node in rule["nodes"]
    ]


def results(page: Page) -> None:
    box = page.get_by_label("Describe a photo")
    box.fill("a wall")
    box.press("Enter")
    expect(page.get_by_text("Save as album")).to_be_visible()


def filters(page: Page) -> None:
    page.get_by_role("button", name="Filters").click()
    page.get_by_text("Rating at least").wait_for()


def photo(page: Page) -> None:
    page.keyboard.press("Escape")
    page.locator(".photos .open").first.click()
    page.keyboard.press("i")
    page.get_by_role("dialog").locator(".words li").get_by_text("%").first.wait_for(timeout=60_000)


def link(name: str) -> Callable[[Page], None]:
    def go(page: Page) -> None:
        if page.get_by_role("dialog").is_visible():
            page.keyboard.press("Escape")
        page.get_by_role("link", name=name).click()

    return go


def view(name: str) -> Callable[[Page], None]:
    return lambda page: page.get_by_role("radio", name=name).click()


STEPS: tuple[Callable[[Page], None], ...] = (
    lambda page: page.locator(".photos img.loaded").first.wait_for(),
    results,
    filters,
    photo,
    link("Explore"),
    view("Time line"),
    view("Tags"),
    view("Albums"),
    link("Describe"),
    link("Library"),
    link("Settings"),
    view("Where things are"),
    view("All settings"),
)


@pytest.mark.parametrize("scheme", [pytest.param(scheme, marks=pytest.mark.slow) for scheme in ("light", "dark")])
def test_axe_finds_nothing_serious_on_any_page(visit: Visit, address: str, scheme: str) -> None:
    page = visit(address, color_scheme=scheme)
    found: list[str] = []
    for step in STEPS:
        step(page)
        found += faults(page)
    assert found == []


def test_from_a_question_to_a_photo_and_on_with_the_keyboard_alone(page: Page) -> None:
    expect(page.locator(".photos img.loaded")).to_have_count(5)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to main content")).to_be_focused()
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_label("Describe a photo"))
    page.keyboard.type("a wall")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Save as album")).to_be_visible()
    tab_to(page, page.locator(".photos .open").first)
    page.keyboard.press("x")
    expect(page.get_by_role("toolbar", name="Selected photos").get_by_text("1 selected")).to_be_visible()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").locator("img.large.loaded")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".photos .open").nth(1)).to_be_focused()
    page.keyboard.press("s")
    expect(page.get_by_role("list", name="Asked with")).to_be_visible()


def tab_to(page: Page, wanted: object, most: int = 40) -> None:
    for _ in range(most):
        try:
            expect(wanted).to_be_focused(timeout=100)  # type: ignore[call-overload]
            return
        except AssertionError:
            page.keyboard.press("Tab")
    raise AssertionError(f"{wanted} is not reached by {most} times Tab")
