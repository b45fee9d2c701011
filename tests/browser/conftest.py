"""One browser for all tests, and servers over libraries that none changes; a test that changes one starts its own."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.conftest import paint

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
QUIET = (
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
RUN = (sys.executable, "-m", "app.cli")
MANY = 2_000
expect.set_options(timeout=20_000)  # where other tests have the cores too


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium here: apt-get install chromium")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", *QUIET])
        yield launched
        launched.close()


@contextmanager
def served(home: Path, *folders: Path, encoder: str | None = "starter") -> Iterator[str]:
    """The address of a server over a library in `home`, in which `folders` are indexed; `encoder`: a setting."""
    environment = {**os.environ, "SIGHTLINE_HOME": str(home)} | ({"SIGHTLINE_ENCODER": encoder} if encoder else {})
    if folders:
        subprocess.run([*RUN, "index", *map(str, folders)], check=True, capture_output=True, env=environment)
    command = [*RUN, "serve", "--port", "0", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().split()[3]
        finally:  # or a test that fails waits for its server for ever
            process.send_signal(signal.SIGINT)
            try:
                process.wait(30)
            finally:
                process.kill()


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of five pictures: a.jpg, b.png, c.webp, sub/d.jpg, and one whose name is markup."""
    root = tmp_path_factory.mktemp("pictures")
    for seed, name in enumerate(("a.jpg", "b.png", "c.webp", "sub/d.jpg", "<img src=x onerror=alert(1)>.png")):
        paint(root / name, seed)
    return root


@pytest.fixture(scope="session")
def address(browser: Browser, tmp_path_factory: pytest.TempPathFactory, pictures: Path) -> Iterator[str]:
    """A server over the five pictures."""
    with served(tmp_path_factory.mktemp("home"), pictures) as started:
        yield started


@pytest.fixture(scope="session")
def address_of_many(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory, tiny_encoders: tuple[str, str]
) -> Iterator[str]:
    """A server over two thousand small pictures of several shapes."""
    folder = tmp_path_factory.mktemp("many")
    for seed in range(MANY):
        paint(folder / f"{seed:04}.png", seed, size=((24, 16), (16, 24), (24, 24), (48, 16))[seed % 4])
    with served(tmp_path_factory.mktemp("home"), folder, encoder=tiny_encoders[0]) as started:
        yield started


Visit = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """Opens an address in a window of its own; fails the test when its console had errors, or a script asked."""
    errors: list[str] = []
    with ExitStack() as opened:

        def go(address: str, width: int = 1280, height: int = 900, **options: object) -> Page:
            context = browser.new_context(viewport={"width": width, "height": height}, **options)  # type: ignore[arg-type]
            opened.callback(context.close)
            page = context.new_page()
            page.set_default_timeout(30_000)
            page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.on("dialog", lambda dialog: (errors.append(f"a script ran: {dialog.message}"), dialog.dismiss()))
            page.goto(address)
            return page

        yield go
    assert errors == []


@pytest.fixture
def page(visit: Visit, address: str) -> Page:
    """The start page over the five pictures."""
    return visit(address)
