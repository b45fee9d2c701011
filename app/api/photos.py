"""Photos by id: what is known of them, photos like them, their pixels."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Response
from fastapi import Query as Parameter
from fastapi.responses import FileResponse
from pydantic import BaseModel, Field

from app.api.addresses import ROOT
from app.api.requests import LARGEST_ID
from app.api.serving import Serving
from app.photos import PhotoDetails, get_photo, preview, thumbnail_file

router = APIRouter(tags=["photos"])

PhotoId = Annotated[int, Path(ge=1, le=LARGEST_ID, description="as in a search result's `id`")]
_FOREVER = {"Cache-Control": "private, max-age=31536000, immutable"}  # the URL carries the content's hash


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


def photo_out(photo: PhotoDetails) -> PhotoOut:
    """A photo as the API shows it."""
    base, version = f"{ROOT}/photos/{photo.id}", photo.sha256[:12]
    return PhotoOut(
        id=photo.id,
        name=photo.name,
        path=photo.path,
        also_at=list(photo.also_at),
        width=photo.width,
        height=photo.height,
        size=photo.size,
        format=photo.format,
        taken_at=photo.taken_at,
        thumbnail=f"{base}/thumbnail?v={version}",
        preview=f"{base}/preview?v={version}",
    )


@router.get("/photos/{photo_id}")
def photo(live: Serving, photo_id: PhotoId) -> PhotoOut:
    """What is known of a photo."""
    return photo_out(get_photo(live.now().library, photo_id))


@router.get("/photos/{photo_id}/thumbnail", response_class=FileResponse)
def thumbnail(live: Serving, photo_id: PhotoId) -> FileResponse:
    """A small WebP."""
    library = live.now().library
    path = thumbnail_file(library, get_photo(library, photo_id))
    return FileResponse(path, media_type="image/webp", headers=_FOREVER)


@router.get("/photos/{photo_id}/preview", response_class=Response, responses={200: {"content": {"image/jpeg": {}}}})
def large(
    live: Serving,
    photo_id: PhotoId,
    t: Annotated[float | None, Parameter(ge=0, description="second of a video")] = None,
) -> Response:
    """A JPEG that fills a screen, upright, without metadata; of a video, its frame at a time."""
    library = live.now().library
    data = preview(library, get_photo(library, photo_id), t)
    return Response(data, media_type="image/jpeg", headers=_FOREVER)
