"""Tags: listing, giving, taking, and settling suggestions."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app import tags as module
from app.api.photos import PhotoId
from app.api.requests import Id, Strict
from app.api.serving import Serving
from app.photos import get_photo
from indexer.catalog import TagState

router = APIRouter(tags=["tags"])

Tag = Annotated[str, Field(min_length=1, max_length=500)]


class TagCountOut(BaseModel):
    tag: str
    own: int = Field(description="photos that their owner gave it")
    in_files: int = Field(description="photos whose file or side-car has it as a keyword")
    suggested: int = Field(description="photos for which it is suggested")


class PhotoTagOut(BaseModel):
    tag: str
    state: TagState
    probability: float | None = Field(description="with which it was suggested")


class ChangeIn(Strict):
    photos: list[Id] = Field(min_length=1, max_length=10_000)
    tags: list[Tag] = Field(min_length=1, max_length=100)


class SettleIn(Strict):
    photos: list[Id] = Field(default=[], max_length=10_000, description="all where empty")
    tags: list[Tag] = Field(default=[], max_length=1_000, description="all where empty")


class AcceptIn(SettleIn):
    least: float = Field(default=0, ge=0, le=1, strict=True, description="probability from which on")


class ChangedOut(BaseModel):
    changed: int = Field(description="how many tags of photos")


@router.get("/tags")
def tags(live: Serving) -> list[TagCountOut]:
    """All tags and keywords, most used first; the filter `keyword:` finds their photos."""
    return [TagCountOut(**vars(tag)) for tag in module.list_tags(live.now().library)]


@router.get("/photos/{photo_id}/tags")
def photo_tags(live: Serving, photo_id: PhotoId) -> list[PhotoTagOut]:
    """A photo's tags, and what is suggested for it."""
    library = live.now().library
    get_photo(library, photo_id)
    found = module.tags_of(library, photo_id)
    return [PhotoTagOut(tag=tag, state=state, probability=probability) for tag, state, probability in found]


@router.post("/tags/add")
def add(live: Serving, body: ChangeIn) -> ChangedOut:
    """Gives photos tags."""
    return ChangedOut(changed=module.add(live.now().library, body.photos, body.tags))


@router.post("/tags/remove")
def remove(live: Serving, body: ChangeIn) -> ChangedOut:
    """Takes tags from photos; keywords in their files stay."""
    return ChangedOut(changed=module.remove(live.now().library, body.photos, body.tags))


@router.post("/tags/accept")
def accept(live: Serving, body: AcceptIn) -> ChangedOut:
    """Makes suggestions tags."""
    return ChangedOut(changed=module.accept(live.now().library, body.tags, body.photos, body.least))


@router.post("/tags/reject")
def reject(live: Serving, body: SettleIn) -> ChangedOut:
    """Puts suggestions away, never to be made again."""
    return ChangedOut(changed=module.reject(live.now().library, body.tags, body.photos))
