"""Seeing a library whole: a map of what looks alike, and a time line."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from fastapi import Query as Parameter
from pydantic import BaseModel, Field

from app.api.serving import Serving
from app.timeline import Unit
from app.timeline import timeline as periods

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
    points: list[PointOut]
    regions: list[RegionOut] = Field(description="largest first, each where its name stands")
    current: bool = Field(
        description="false while a newer map is being made; none is there yet where there are no points"
    )


class PeriodOut(BaseModel):
    period: str = Field(description="as the filter `date:` takes it", examples=["2019-06"])
    photos: int
    photo_id: int = Field(description="of one to show for it")


@router.get("/map")
def map(live: Serving) -> MapOut:
    """All photos on a plane, alike ones near each other. It is made in the background when photos have changed."""
    return MapOut.model_validate(asdict(live.now().map.read()))


@router.get("/timeline")
def timeline(
    live: Serving, by: Annotated[Unit, Parameter(description="the length of a period")] = "month"
) -> list[PeriodOut]:
    """How many photos were taken when, in order."""
    return [PeriodOut.model_validate(asdict(period)) for period in periods(live.now().library, by)]
