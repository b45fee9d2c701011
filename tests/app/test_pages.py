"""The pages are opened after the API answers: whoever asks meanwhile waits."""

import logging
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from app import pages
from app.pages import Pages


def application() -> Starlette:
    opened = Pages()
    return Starlette(routes=[Mount("/", opened)], lifespan=opened.lifespan)


def test_what_keeps_pages_from_being_opened_is_said_to_whoever_asks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(pages, "_SCRIPT", tmp_path / "gone.py")
    with caplog.at_level(logging.ERROR), TestClient(application()) as client:
        answer = client.get("/")
    assert answer.status_code == 503 and "could not be opened" in answer.json()["detail"]
    assert "gone.py" in caplog.text and "Traceback" not in caplog.text


def test_a_server_that_ends_at_once_waits_for_no_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "_AT_THE_LATEST", 60.0)
    with TestClient(application()):
        pass
