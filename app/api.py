"""The retrieval API, mounted at /api/v1: search, describe, photos, status. Photos are named by id, never by path."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from fastapi import FastAPI, Path, Request, Response
from fastapi import Query as Parameter
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from fastapi_offline import FastAPIOffline
from pydantic import BaseModel, Field

from app.errors import AppError, NotFoundError, QueryError
from app.language import parse
from app.photos import PhotoDetails, encode_picture, get_photo, preview, stored_vectors, thumbnail_file
from app.query import MAX_TEXT, Query
from app.requests import LARGEST_ID, DescribeIn, SearchIn
from app.search import MAX_RESULTS, Hit, Results
from app.services import Live, Services
from app.status import read_failures, read_status
from clipcore import ClipcoreError
from indexer.errors import IndexerError, PhotoError

ROOT = "/api/v1"
VERSION = "1"
_FOREVER = {"Cache-Control": "private, max-age=31536000, immutable"}  # the URL carries the content's hash

PhotoId = Annotated[int, Path(ge=1, le=LARGEST_ID, description="as in a search result's `id`")]


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


class ItemOut(PhotoOut):
    score: float | None = Field(description="cosine to the query; null where nothing is described")
    relevance: float = Field(description="how probably it answers the query, 0..1")
    time_s: float | None = Field(None, description="of a video: the second at which it shows that; `preview` is of it")


class SearchOut(BaseModel):
    items: list[ItemOut]
    next_cursor: str | None = Field(description="asks for the items after these; null where there are none")
    matches: int = Field(description="how many photos match from here on, counted among the best few hundred")
    matches_end: int | None = Field(description="how many of the items match, where others follow; else null")
    searched: int = Field(description="photos in the index")
    took_ms: float
    encoder: str


class DescriptionOut(BaseModel):
    text: str
    probability: float = Field(description="among all captions or tags offered")
    score: float = Field(description="cosine to the photo")


class DescribeOut(BaseModel):
    items: list[DescriptionOut]
    encoder: str


class FolderOut(BaseModel):
    path: str
    state: str
    photos: int
    missing: int
    failed: int
    scanned_at: datetime | None


class FailureOut(BaseModel):
    path: str
    reason: str


class StatusOut(BaseModel):
    folders: list[FolderOut]
    photos: int
    searchable: int
    encoder: str
    encoder_fingerprint: str
    encoder_precision: str
    encoder_dim: int
    revision: int
    failures: list[FailureOut] = Field(description="the first thousand")


class Health(BaseModel):
    status: str = "ok"


class Problem(BaseModel):
    """An error, as RFC 9457 has it (application/problem+json)."""

    title: str
    status: int
    detail: str
    position: int | None = Field(None, description="of the character at fault in a query, from 0")


_PROBLEMS: dict[int | str, dict[str, object]] = {
    404: {"model": Problem, "description": "No such photo or vocabulary"},
    422: {"model": Problem, "description": "The request is not right, or the picture cannot be read"},
}


def create_api(services: Services | Live) -> FastAPI:
    """The API over one library, to be mounted at `ROOT`. Each request is answered with one encoder throughout."""
    now = (services if isinstance(services, Live) else Live(services)).now
    api = FastAPIOffline(  # its /docs loads nothing from elsewhere
        title="Sightline",
        version=VERSION,
        summary="Find photos by describing them.",
        responses=_PROBLEMS,
    )
    _add_search(api, now)
    _add_photos(api, now)
    _add_status(api, now)
    _add_errors(api)
    return api


def _add_search(api: FastAPI, now: Callable[[], Services]) -> None:
    @api.post("/search", tags=["search"])
    def search(body: SearchIn) -> SearchOut:
        """Photos best for a query: text, photos of the library, a picture, or several of these."""
        services = now()
        if body.cursor is not None:
            return _results(services, *services.pages.next(body.cursor, body.k))
        return _results(services, *services.pages.first(body.asked(), body.k, body.ranking()))

    @api.get("/search", tags=["search"])
    def search_by_text(
        q: Annotated[str, Parameter(min_length=1, max_length=MAX_TEXT, examples=["a dog on the beach"])],
        k: Annotated[int, Parameter(ge=1, le=MAX_RESULTS)] = 20,
    ) -> SearchOut:
        """Photos best for a line of the query language."""
        services = now()
        return _results(services, services.search(parse(q), k))

    @api.post("/describe", tags=["describe"])
    def describe(body: DescribeIn) -> DescribeOut:
        """The captions, or the tags of a vocabulary, that say best what is in a photo."""
        services = now()
        if body.image is not None:
            vector = encode_picture(services.library, body.image)
        else:
            assert body.photo is not None
            vector = stored_vectors(services.library, [body.photo])[1][0]
        if body.captions is not None:
            found = services.describe.by_captions(vector, body.captions, body.k)
        else:
            found = services.describe.by_vocabulary(vector, body.vocabulary, body.k)
        return DescribeOut(
            items=[DescriptionOut(**asdict(item)) for item in found], encoder=services.library.encoder.name
        )

    @api.get("/vocabularies", tags=["describe"])
    def vocabularies() -> dict[str, int]:
        """The vocabularies that `describe` knows, with how many tags each has."""
        services = now()
        return {name: len(tags) for name, tags in services.describe.vocabularies.items()}


def _add_photos(api: FastAPI, now: Callable[[], Services]) -> None:
    @api.get("/photos/{photo_id}", tags=["photos"])
    def photo(photo_id: PhotoId) -> PhotoOut:
        """What is known of a photo."""
        services = now()
        return photo_out(get_photo(services.library, photo_id))

    @api.get("/photos/{photo_id}/similar", tags=["photos"])
    def similar(photo_id: PhotoId, k: Annotated[int, Parameter(ge=1, le=MAX_RESULTS)] = 20) -> SearchOut:
        """Photos like this one."""
        services = now()
        return _results(services, services.search(Query(photos=(photo_id,)), k))

    @api.get("/photos/{photo_id}/thumbnail", tags=["photos"], response_class=FileResponse)
    def thumbnail(photo_id: PhotoId) -> FileResponse:
        """A small WebP."""
        services = now()
        path = thumbnail_file(services.library, get_photo(services.library, photo_id))
        return FileResponse(path, media_type="image/webp", headers=_FOREVER)

    @api.get(
        "/photos/{photo_id}/preview",
        tags=["photos"],
        response_class=Response,
        responses={200: {"content": {"image/jpeg": {}}}},
    )
    def large(
        photo_id: PhotoId, t: Annotated[float | None, Parameter(ge=0, description="second of a video")] = None
    ) -> Response:
        """A JPEG that fills a screen, upright, without metadata; of a video, its frame at a time."""
        services = now()
        data = preview(services.library, get_photo(services.library, photo_id), t)
        return Response(data, media_type="image/jpeg", headers=_FOREVER)


def _add_status(api: FastAPI, now: Callable[[], Services]) -> None:
    @api.get("/status", tags=["status"])
    def read() -> StatusOut:
        """Folders, counts, the encoder in use, and files that could not be read."""
        services = now()
        status = asdict(read_status(services.library))
        return StatusOut(**status, failures=[FailureOut(**asdict(f)) for f in read_failures(services.library)])

    @api.get("/health/live", tags=["status"])
    def live() -> Health:
        """The process answers."""
        return Health()

    @api.get("/health/ready", tags=["status"], responses={503: {"model": Problem}})
    def ready() -> Health:
        """The catalog and the encoder can be used."""
        services = now()
        services.search(Query("ready"), 1)
        return Health()


def _add_errors(api: FastAPI) -> None:
    @api.exception_handler(AppError)
    @api.exception_handler(IndexerError)
    @api.exception_handler(ClipcoreError)
    def ours(request: Request, error: Exception) -> JSONResponse:
        if isinstance(error, NotFoundError):
            return _problem(404, "Not found", str(error))
        if isinstance(error, QueryError | PhotoError):
            return _problem(422, "Cannot answer this", str(error), getattr(error, "position", None))
        return _problem(503, "Not available", str(error))

    @api.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return _problem(422, "Cannot answer this", f"{where}: {first['msg']}")


def _problem(status: int, title: str, detail: str, position: int | None = None) -> JSONResponse:
    body = Problem(title=title, status=status, detail=detail, position=position).model_dump(exclude_none=True)
    return JSONResponse(body, status, media_type="application/problem+json")


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


def item_out(hit: Hit) -> ItemOut:
    """A search result as the API shows it."""
    item = ItemOut(**photo_out(hit.photo).model_dump(), score=hit.score, relevance=hit.relevance, time_s=hit.time_s)
    if hit.time_s is not None:
        item.preview += f"&t={hit.time_s:.3f}"
    return item


def _results(services: Services, results: Results, next_cursor: str | None = None) -> SearchOut:
    return SearchOut(
        items=[item_out(hit) for hit in results.hits],
        next_cursor=next_cursor,
        matches=results.matches,
        matches_end=results.matches_end,
        searched=results.searched,
        took_ms=results.took_ms,
        encoder=services.library.encoder.name,
    )
