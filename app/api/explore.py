"""Seeing a library whole: a map of what looks alike, and a time line."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from fastapi import Query as Parameter
from pydantic import BaseModel, Field

from app.api.serving import Serving
from app.map import MOST, Box
from app.timeline import Unit
from app.timeline import timeline as periods

Side = Annotated[float, Parameter(ge=0, le=1, description="of the part of the map that is asked for")]

router = APIRouter(tags=["explore"])


class PointOut(BaseModel):
    id: int
    x: float = Field(description="0..1")
    y: float = Field(description="0..1, upwards")
    taken_at: datetime | None
    label: str | None = Field(description="of the region it lies in")


class RegionOut(BaseModel):
    label: str
    x: float
    y: float
    photos: int


class MapOut(BaseModel):
    points: list[PointOut] = Field(description="of what lies in the part asked for, an even sample where it is more")
    regions: list[RegionOut] = Field(description="largest first, each where its name stands")
    photos: int = Field(description="on the whole map")
    inside: int = Field(description="of these, in the part asked for")
    doing: str | None = Field(description="what is done for a newer map at this moment", examples=["naming its parts"])
    current: bool = Field(
        description="false while a newer map is being made; none is there yet where there are no points"
    )


class PeriodOut(BaseModel):
    period: str = Field(description="as the filter `date:` takes it", examples=["2019-06"])
    photos: int
    photo_id: int = Field(description="of one to show for it")


@router.get("/map")
def map(
    live: Serving,
    left: Side = 0.0,
    bottom: Side = 0.0,
    right: Side = 1.0,
    top: Side = 1.0,
    most: Annotated[int, Parameter(ge=1, le=100_000, description="points")] = MOST,
) -> MapOut:
    """Photos on a plane, alike ones near each other; a part of it has more of the photos there.

    It is made in the background when photos have changed.
    """
    return MapOut.model_validate(asdict(live.now().map.read(Box(left, bottom, right, top), most)))


@router.get("/timeline")
def timeline(
    live: Serving, by: Annotated[Unit, Parameter(description="the length of a period")] = "month"
) -> list[PeriodOut]:
    """How many photos were taken when, in order."""
    return [PeriodOut.model_validate(asdict(period)) for period in periods(live.now().library, by)]
