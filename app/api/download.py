"""Several photos' own files at once."""

from typing import Annotated

from fastapi import APIRouter
from fastapi import Query as Parameter
from fastapi.responses import StreamingResponse

from app.api.serving import Serving
from app.errors import NotFoundError
from app.zipping import MOST, zipped

router = APIRouter(tags=["photos"])

_ZIP = {200: {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}}}


@router.get("/zip", response_class=StreamingResponse, responses=_ZIP)  # type: ignore[arg-type]
def download(
    live: Serving,
    ids: Annotated[
        str,
        Parameter(
            pattern=rf"^[0-9]{{1,10}}(,[0-9]{{1,10}}){{0,{MOST - 1}}}$",
            description="of photos, with commas between",
            examples=["12,15"],
        ),
    ],
) -> StreamingResponse:
    """The files of photos as one ZIP, sent while it is made. What cannot be read now is named in a list inside."""
    numbers = [int(part) for part in ids.split(",")]
    if max(numbers) >= 2**31:
        raise NotFoundError(f"no photo with id {max(numbers)}")
    pieces = zipped(live.now().library, numbers)
    headers = {"Content-Disposition": 'attachment; filename="photos.zip"', "Cache-Control": "no-store"}
    return StreamingResponse(pieces, headers=headers, media_type="application/zip")
