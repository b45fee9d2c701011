"""Photos by id: what is known of them, photos like them, their pixels."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from fastapi import Query as Parameter
from fastapi.responses import FileResponse
from pydantic import BaseModel, Field

from app.api.addresses import ROOT
from app.api.files import cache_headers, cleaned, not_modified, original_answer
from app.api.requests import LARGEST_ID
from app.api.serving import Serving
from app.originals import open_original
from app.photo_facts import read_facts
from app.photos import PhotoDetails, get_photo, preview, thumbnail_file
from indexer.catalog import ContentKind
from indexer.formats import is_video

router = APIRouter(tags=["photos"])

_BYTES = {"type": "string", "format": "binary"}


def _picture(media_type: str) -> dict[int | str, dict[str, Any]]:
    return {
        200: {"content": {media_type: {"schema": _BYTES}}},
        304: {"description": "It is what If-None-Match says", "content": {}},
    }


PhotoId = Annotated[int, Path(ge=1, le=LARGEST_ID, description="as in a search result's `id`")]
Version = Annotated[
    str | None, Parameter(pattern="^[0-9a-f]{12,64}$", description="the content's hash, so that it is kept for ever")
]
Second = Annotated[float | None, Parameter(ge=0, le=1e6, description="second of a video")]
_RANGES: dict[int | str, dict[str, Any]] = {
    206: {"description": "The range that was asked for", "content": {"*/*": {"schema": _BYTES}}},
    416: {"description": "The file is shorter", "content": {}},
}


class PhotoOut(BaseModel):
    id: int
    name: str
    path: str
    also_at: list[str] = Field(description="other paths that hold the same file")
    width: int
    height: int
    size: int = Field(description="bytes")
    format: str
    taken_at: datetime | None = Field(description="the camera's local time")
    thumbnail: str = Field(description="URL of a WebP of at most 384 pixels")
    preview: str = Field(description="URL of a JPEG of at most 1,600 pixels")
    original: str = Field(description="URL of the file itself")
    video: str | None = Field(description="URL to play it from, where it is a video")


class PhotoFactsOut(PhotoOut):
    kind: ContentKind
    present: bool = Field(description="false while its file is not there")
    taken_at_source: str | None = Field(description="sidecar, exif, xmp, iptc, video, or file: its modification time")
    camera: str | None
    lens: str | None
    latitude: float | None = Field(description="degrees, WGS 84")
    longitude: float | None
    rating: int | None = Field(description="0 to 5; -1 rejected")
    title: str | None
    caption: str | None
    keywords: list[str]
    moments: list[float] = Field(description="of a video: the seconds that were looked at")


def photo_out(photo: PhotoDetails) -> PhotoOut:
    """A photo as the API shows it."""
    return PhotoOut(**shown(photo))


def shown(photo: PhotoDetails) -> dict[str, Any]:
    """The fields of a `PhotoOut`, for whatever shows more beside them."""
    base, version = f"{ROOT}/photos/{photo.id}", photo.sha256[:12]
    return dict(
        id=photo.id,
        name=cleaned(photo.name),
        path=cleaned(photo.path),
        also_at=[cleaned(path) for path in photo.also_at],
        width=photo.width,
        height=photo.height,
        size=photo.size,
        format=photo.format,
        taken_at=photo.taken_at,
        thumbnail=f"{base}/thumbnail?v={version}",
        preview=f"{base}/preview?v={version}",
        original=(original := f"{base}/original?v={version}"),
        video=original if is_video(photo.path) else None,
    )


@router.get("/photos/{photo_id}")
def photo(live: Serving, photo_id: PhotoId) -> PhotoFactsOut:
    """All that is known of a photo."""
    library = live.now().library
    photo, facts = get_photo(library, photo_id), read_facts(library, photo_id)
    said = {name: cleaned(value) for name, value in asdict(facts).items()}
    return PhotoFactsOut(**shown(photo) | said)


@router.get("/photos/{photo_id}/thumbnail", response_class=FileResponse, responses=_picture("image/webp"))
def thumbnail(live: Serving, request: Request, photo_id: PhotoId, v: Version = None) -> Response:
    """A small WebP."""
    library = live.now().library
    photo = get_photo(library, photo_id)
    headers = cache_headers(photo.sha256, "thumbnail", v)
    if (answer := not_modified(request, headers)) is not None:
        return answer
    return FileResponse(thumbnail_file(library, photo), media_type="image/webp", headers=headers)


@router.get("/photos/{photo_id}/preview", response_class=Response, responses=_picture("image/jpeg"))
def large(
    live: Serving,
    request: Request,
    photo_id: PhotoId,
    t: Second = None,
    v: Version = None,
) -> Response:
    """A JPEG that fills a screen, upright, without metadata; of a video, its frame at a time."""
    library = live.now().library
    photo = get_photo(library, photo_id)
    headers = cache_headers(photo.sha256, f"preview{'' if t is None else f'-{t:.3f}'}", v)
    if (answer := not_modified(request, headers)) is not None:
        return answer
    return Response(preview(library, photo, t), media_type="image/jpeg", headers=headers)


@router.get("/photos/{photo_id}/original", response_class=Response, responses=_picture("*/*") | _RANGES)
def original(
    live: Serving,
    request: Request,
    photo_id: PhotoId,
    download: Annotated[bool, Parameter(description="to be saved, not shown")] = False,
    v: Version = None,
) -> Response:
    """The file itself, as it was indexed; or a range of it."""
    opened = open_original(live.now().library, photo_id)
    return original_answer(request, opened, cache_headers(opened.sha256, "original", v), download=download)
