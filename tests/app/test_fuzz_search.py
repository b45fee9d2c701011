"""Whatever is typed is answered, or is a problem that says where the fault is: through the parser, SQL and ranking."""

import json
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, example, given, settings

from app.api import create_api
from app.services import Services
from tests.app.test_language import LINES


@pytest.fixture
def client(services: Services) -> Iterator[TestClient]:
    with TestClient(create_api(services)) as opened:
        yield opened


@example("\ud800")
@settings(max_examples=80, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(LINES)
def test_any_line_is_answered_or_a_problem(client: TestClient, line: str) -> None:
    body = json.dumps({"query": {"text": line}, "k": 3})  # escaped: half of a pair of surrogates too
    answer = client.post("/search", content=body, headers={"Content-Type": "application/json"})
    if answer.status_code == 200:
        assert len(answer.json()["items"]) <= 3
        return
    assert answer.status_code in (404, 422), answer.text
    problem = answer.json()
    assert "\n" not in problem["detail"]
    assert 0 <= problem.get("position", 0) <= len(line)
