"""Albums: lists of photos, and live ones, which hold what a saved search finds. The filter `album:` shows them."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from app import albums as module
from app.albums import LONGEST
from app.api.problems import CONFLICT
from app.api.requests import LARGEST_ID, Id, Strict
from app.api.serving import Serving
from app.query import MAX_TEXT

router = APIRouter(tags=["albums"])

AlbumId = Annotated[int, Path(ge=1, le=LARGEST_ID)]
AlbumName = Annotated[str, Field(min_length=1, max_length=LONGEST, examples=["Summer in Italy"])]
Line = Annotated[str, Field(min_length=1, max_length=MAX_TEXT, examples=["a beach date:2019"])]
Photos = Annotated[list[Id], Field(max_length=10_000)]


class AlbumOut(BaseModel):
    id: int
    name: str
    query: str | None = Field(description="of a live album: the search it holds, in the query language")
    photos: int | None = Field(description="how many it holds; null of a live album")
    cover: int | None = Field(description="id of a photo to show for it")


class AlbumIn(Strict):
    name: AlbumName
    query: Line | None = Field(default=None, description="makes it a live album")
    photos: Photos = []


class AlbumChangeIn(Strict):
    name: AlbumName | None = None
    query: Line | None = Field(default=None, description="of a live album")


class AlbumPhotosIn(Strict):
    add: Photos = []
    remove: Photos = []


@router.get("/albums")
def albums(live: Serving) -> list[AlbumOut]:
    """All albums, by name. A search with `album:NAME` gives the photos."""
    return [AlbumOut(**asdict(album)) for album in module.list_albums(live.now().library)]


@router.post("/albums", status_code=201, responses=CONFLICT)
def make(live: Serving, body: AlbumIn) -> AlbumOut:
    """Makes an album of photos, or a live one."""
    made = module.make_album(live.now().library, body.name, query=body.query, photo_ids=body.photos)
    return AlbumOut(**asdict(made))


@router.get("/albums/{album_id}")
def album(live: Serving, album_id: AlbumId) -> AlbumOut:
    """One album."""
    return AlbumOut(**asdict(module.get_album(live.now().library, album_id)))


@router.patch("/albums/{album_id}", responses=CONFLICT)
def change(live: Serving, album_id: AlbumId, body: AlbumChangeIn) -> AlbumOut:
    """Gives an album another name, or a live one another search."""
    changed = module.change_album(live.now().library, album_id, name=body.name, query=body.query)
    return AlbumOut(**asdict(changed))


@router.delete("/albums/{album_id}", status_code=204)
def delete(live: Serving, album_id: AlbumId) -> None:
    """Forgets an album. Photos stay."""
    module.delete_album(live.now().library, album_id)


@router.post("/albums/{album_id}/photos")
def change_photos(live: Serving, album_id: AlbumId, body: AlbumPhotosIn) -> AlbumOut:
    """Puts photos into an album of photos, and takes photos out of it."""
    changed = module.change_photos(live.now().library, album_id, add=body.add, remove=body.remove)
    return AlbumOut(**asdict(changed))
