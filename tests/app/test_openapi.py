"""The OpenAPI document says truly what the API does: schemathesis finds nothing, and a generated client works."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.api import create_api
from app.services import Services
from indexer.settings import load_settings

# What fits the schema and is still no question (not in the query language, a folder that is not there) is a 422
_SCHEMATHESIS = (
    "--exclude-checks positive_data_acceptance --phases examples,coverage,fuzzing --max-examples 1 "
    "--exclude-path-regex ^/map|/why"  # which take seconds of work each time
)
_CLIENT = """
import sys
from sightline_client import Client
from sightline_client.api.search import {search} as search
from sightline_client.models import QueryIn, SearchIn
found = search.sync(client=Client(sys.argv[1]), body=SearchIn(query=QueryIn(text="colours"), k=3))
print(len(found.items), found.items[0].score is not None, found.items[0].name, found.searched)
"""


@pytest.fixture
def root(own_home: Path, folder: Path, tmp_path: Path) -> Iterator[str]:
    """A server of its own; ~ is a folder without pictures."""
    environment = {**os.environ, "HOME": str(tmp_path)}
    sightline = [sys.executable, "-m", "app.cli"]
    subprocess.run([*sightline, "index", str(folder)], check=True, capture_output=True, env=environment)
    command = [*sightline, "serve", "--port", "0", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as server:
        assert server.stdout is not None
        yield f"{server.stdout.readline().split()[3]}/api/v1"
        server.terminate()


def test_schemathesis_finds_nothing(root: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{root}/openapi.json", *_SCHEMATHESIS.split()]
    options = ["--generation-deterministic", "--workers", "2", "--request-timeout", "60", "--no-color"]
    ran = subprocess.run([*command, *options], cwd=tmp_path, capture_output=True, text=True, timeout=600)
    assert ran.returncode == 0, ran.stdout[-8_000:] + ran.stderr[-2_000:]


def test_a_generated_client_works(root: str, tmp_path: Path) -> None:
    document = create_api(Services(load_settings())).openapi()
    (tmp_path / "openapi.json").write_text(json.dumps(document))
    (tmp_path / "config.yml").write_text("post_hooks: []\nproject_name_override: sightline-client\n")
    generate = [sys.executable, "-m", "openapi_python_client", "generate", "--path", "openapi.json", "--meta", "none"]
    options = ["--config", "config.yml", "--output-path", "sightline_client"]
    ran = subprocess.run([*generate, *options], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    (search,) = [path.stem for path in (tmp_path / "sightline_client" / "api" / "search").glob("*post.py")]
    client = [sys.executable, "-c", _CLIENT.format(search=search), root]
    ran = subprocess.run(client, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split()[:2] == ["3", "True"] and ran.stdout.split()[-1] == "5"
