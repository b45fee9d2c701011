"""Answers that are files: kept by the browser until they change, and given in ranges."""

import re
from collections.abc import Iterator
from typing import IO, Any
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from app.originals import Original

_FOREVER = "private, max-age=31536000, immutable"
_ASK_AGAIN = "private, no-cache"
_CHUNK = 1 << 18  # bytes
_ALONE = "default-src 'none'; style-src 'unsafe-inline'; sandbox"  # whatever a file holds, it runs nothing
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def cleaned(value: Any) -> Any:
    """Text as JSON can hold it: a file name's bytes that are no UTF-8 are shown as �."""
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace") if isinstance(value, str) else value


def cache_headers(sha256: str, kind: str, version: str | None) -> dict[str, str]:
    """How long what is made from a content is kept: for ever under an address that carries its hash."""
    forever = version is not None and sha256.startswith(version)
    return {"ETag": f'"{sha256[:32]}-{kind}"', "Cache-Control": _FOREVER if forever else _ASK_AGAIN}


def not_modified(request: Request, headers: dict[str, str]) -> Response | None:
    """304 where the browser has it already (If-None-Match)."""
    known = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    return Response(status_code=304, headers=headers) if headers["ETag"] in known or "*" in known else None


def original_answer(request: Request, original: Original, headers: dict[str, str], *, download: bool) -> Response:
    """The file, or the range of it that was asked for. Closes it."""
    shown = original.media_type.startswith(("image/", "video/")) and not download
    headers = headers | {
        "Accept-Ranges": "bytes",
        "Content-Disposition": f"{'inline' if shown else 'attachment'}; filename*=UTF-8''{_quoted(original.name)}",
        "Content-Security-Policy": _ALONE,
    }
    if (answer := not_modified(request, headers)) is not None:
        original.file.close()
        return answer
    first, last = 0, original.size - 1
    asked = request.headers.get("range", "")
    same = request.headers.get("if-range", headers["ETag"]) == headers["ETag"]
    status = 200
    if same and (found := _RANGE.fullmatch(asked.strip())) and any(found.groups()):
        first, last = _bounds(found.group(1), found.group(2), original.size)
        if first > last:
            original.file.close()
            return Response(status_code=416, headers={"Content-Range": f"bytes */{original.size}"})
        status = 206
        headers["Content-Range"] = f"bytes {first}-{last}/{original.size}"
    headers["Content-Length"] = str(last - first + 1)
    return StreamingResponse(_part(original.file, first, last), status, headers, original.media_type)


def _bounds(first: str, last: str, size: int) -> tuple[int, int]:
    """The first and the last byte of a range; the first behind the last where there is none."""
    if not first:
        return max(size - int(last), 0), size - 1
    return int(first), min(int(last), size - 1) if last else size - 1


def _part(file: IO[bytes], first: int, last: int) -> Iterator[bytes]:
    with file:
        file.seek(first)
        left = last - first + 1
        while left > 0 and (chunk := file.read(min(left, _CHUNK))):
            left -= len(chunk)
            yield chunk


def _quoted(name: str) -> str:
    return quote(name, safe="", errors="surrogateescape")
