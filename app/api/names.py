"""Names: of persons, pets and things, taught on a few photos and then understood in descriptions."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from app import names as module
from app.api.photos import PhotoId
from app.api.requests import LARGEST_ID, Id, Strict
from app.api.serving import Serving
from app.names import LONGEST, Taught

router = APIRouter(tags=["names"])

NameId = Annotated[int, Path(ge=1, le=LARGEST_ID)]


class NameOut(BaseModel):
    id: int
    name: str
    photos: list[int] = Field(description="ids of the photos that it was taught on")


class TeachIn(Strict):
    photos: list[Id] = Field(min_length=1, max_length=1_000)
    name: str = Field(min_length=1, max_length=LONGEST, examples=["Rex"])


@router.get("/names")
def names(live: Serving) -> list[NameOut]:
    """All names that were taught."""
    return [_out(taught) for taught in module.list_names(live.now().library)]


@router.post("/names")
def teach(live: Serving, body: TeachIn) -> NameOut:
    """Says that photos show what is called by a name; those that said so before stay."""
    return _out(module.teach(live.now().library, body.name, body.photos))


@router.delete("/names/{name_id}", status_code=204)
def forget(live: Serving, name_id: NameId) -> None:
    """Forgets a name. Photos stay."""
    module.forget_name(live.now().library, name_id)


@router.delete("/names/{name_id}/photos/{photo_id}", status_code=204)
def forget_photo(live: Serving, name_id: NameId, photo_id: PhotoId) -> None:
    """Says that a photo does not show what is called by a name; a name without photos is forgotten."""
    module.forget_name(live.now().library, name_id, [photo_id])


def _out(taught: Taught) -> NameOut:
    return NameOut(id=taught.id, name=taught.name, photos=list(taught.photos))
