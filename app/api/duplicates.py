"""Duplicates: groups of photos that show the same, with the one to keep proposed."""

from typing import Annotated

from fastapi import APIRouter
from fastapi import Query as Parameter
from pydantic import BaseModel, Field

from app.api.addresses import ROOT
from app.api.files import cleaned
from app.api.serving import Serving
from indexer.duplicates import Group, Kind, Shot, read_duplicates

router = APIRouter(tags=["duplicates"])


class ShotOut(BaseModel):
    id: int = Field(description="of the photo")
    path: str
    width: int
    height: int
    size: int = Field(description="bytes")
    format: str
    sharpness: float | None
    rating: int | None
    thumbnail: str = Field(description="URL of a WebP of at most 384 pixels")


class GroupOut(BaseModel):
    kind: Kind = Field(description="exact: the same bytes; near: the same picture; burst: the same moment")
    best: ShotOut = Field(description="proposed to keep")
    others: list[ShotOut]


class DuplicatesOut(BaseModel):
    groups: list[GroupOut] = Field(description="by the path of the best")
    total: int = Field(description="of groups")


@router.get("/duplicates")
def duplicates(
    live: Serving,
    bursts: Annotated[bool, Parameter(description="also what one camera took within seconds")] = True,
    start: Annotated[int, Parameter(ge=0, le=10_000_000, description="groups to pass over")] = 0,
    k: Annotated[int, Parameter(ge=1, le=1_000)] = 100,
) -> DuplicatesOut:
    """Photos that show the same, as compared when they were indexed, the best shot of each. Nothing is ever deleted."""
    groups = read_duplicates(live.now().library, bursts=bursts)
    return DuplicatesOut(groups=[_group_out(group) for group in groups[start : start + k]], total=len(groups))


def _group_out(group: Group) -> GroupOut:
    return GroupOut(kind=group.kind, best=_shot_out(group.best), others=[_shot_out(shot) for shot in group.others])


def _shot_out(shot: Shot) -> ShotOut:
    values = {name: getattr(shot, name) for name in ShotOut.model_fields if name not in ("path", "thumbnail")}
    return ShotOut(**values, path=cleaned(shot.path), thumbnail=f"{ROOT}/photos/{shot.id}/thumbnail")
