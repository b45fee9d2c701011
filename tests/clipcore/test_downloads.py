"""Downloads over a real socket: a server on the loopback that serves, cuts and lies."""

import hashlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from clipcore import downloads
from clipcore.downloads import fetch, verified
from clipcore.errors import DownloadError
from clipcore.registry import promised_hash
from tests.serving import serving

CONTENT = bytes(range(256)) * 4096  # 1 MiB
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves CONTENT under every path; `cuts` says after how many bytes each of the next answers breaks off."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.cuts: list[int] = []
        self.ranges: list[str | None] = []
        self.knows_ranges = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/weights.pt"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        self.server.ranges.append(asked)
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and self.server.knows_ranges else 0
        if start >= len(CONTENT):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(CONTENT)}")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(CONTENT) - start))
        self.end_headers()
        cut = self.server.cuts.pop(0) if self.server.cuts else len(CONTENT)
        self.wfile.write(CONTENT[start : start + cut])

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving(Server()) as running:
        yield running


def test_whole_and_only_once(server: Server, tmp_path: Path) -> None:
    path = fetch(server.url, tmp_path / "new", SHA256[:8])
    assert path.name == "weights.pt" and path.read_bytes() == CONTENT
    assert fetch(server.url, tmp_path / "new", SHA256[:8]) == path
    assert server.ranges == [None]


def test_a_connection_that_is_cut_is_resumed(server: Server, tmp_path: Path) -> None:
    server.cuts = [300_000, 200_000]
    assert fetch(server.url, tmp_path, SHA256).read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=300000-", "bytes=500000-"]


def test_the_next_call_goes_on(server: Server, tmp_path: Path) -> None:
    server.cuts = [100_000] * downloads.ATTEMPTS
    with pytest.raises(DownloadError, match="the connection was cut; call again to go on"):
        fetch(server.url, tmp_path, SHA256)
    assert not (tmp_path / "weights.pt").exists()
    assert fetch(server.url, tmp_path, SHA256).read_bytes() == CONTENT
    assert server.ranges[-1] == f"bytes={100_000 * downloads.ATTEMPTS}-"


def test_a_server_without_ranges_starts_again(server: Server, tmp_path: Path) -> None:
    server.knows_ranges = False
    server.cuts = [300_000]
    assert fetch(server.url, tmp_path, SHA256).read_bytes() == CONTENT


@pytest.mark.parametrize("there", [len(CONTENT), len(CONTENT) + 5])
def test_a_part_that_needs_no_more(there: int, server: Server, tmp_path: Path) -> None:
    (tmp_path / "weights.pt.part").write_bytes((CONTENT + b"extra")[:there])
    assert fetch(server.url, tmp_path, SHA256).read_bytes() == CONTENT


def test_the_wrong_bytes_are_refused_and_nothing_stays(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="did not give the promised file") as caught:
        fetch(server.url, tmp_path, "00ff")
    assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".lock"] == []


def test_a_damaged_file_is_fetched_again(server: Server, tmp_path: Path) -> None:
    (tmp_path / "weights.pt").write_bytes(CONTENT[:-1])
    assert fetch(server.url, tmp_path, SHA256).read_bytes() == CONTENT


def test_nobody_answers(tmp_path: Path) -> None:
    with Server() as gone:
        url = gone.url
    with pytest.raises(DownloadError, match="cannot download") as caught:
        fetch(url, tmp_path)
    assert "\n" not in str(caught.value)


def test_offline_nothing_is_asked(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(DownloadError, match="HF_HUB_OFFLINE"):
        fetch(server.url, tmp_path, SHA256)
    (tmp_path / "weights.pt").write_bytes(CONTENT)
    assert fetch(server.url, tmp_path, SHA256).read_bytes() == CONTENT
    assert server.ranges == []


def test_a_file_of_the_hubs_cache_must_be_what_its_name_says(tmp_path: Path) -> None:
    blob, link = tmp_path / "blobs" / SHA256, tmp_path / "model.safetensors"
    blob.parent.mkdir()
    blob.write_bytes(CONTENT)
    link.symlink_to(blob)
    assert verified(link) == link
    blob.write_bytes(CONTENT[:-1])
    with pytest.raises(DownloadError, match="not the file it should be"):
        verified(link)
    assert not blob.exists() and not link.is_symlink()


def test_hashes_that_registries_put_in_urls() -> None:
    whole = "40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af"
    assert promised_hash(f"https://openaipublic.azureedge.net/clip/models/{whole}/ViT-B-32.pt") == whole
    released = (
        "https://github.com/mlfoundations/open_clip/releases/download/v0.2-weights/rn50-quickgelu-cc12m-f000538c.pt"
    )
    assert promised_hash(released) == "f000538c"
    assert promised_hash("https://example.org/some-model.pt") == ""
