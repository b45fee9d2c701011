"""How the library and the process are: counts, failures, health."""

from dataclasses import asdict

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.api.files import cleaned
from app.api.folders import FolderOut, folder_out
from app.api.problems import Problem
from app.api.serving import Serving
from app.query import Query
from app.status import read_failures, read_status

router = APIRouter(tags=["status"])


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


@router.get("/status")
def status(live: Serving) -> StatusOut:
    """Folders, counts, the encoder in use, and files that could not be read."""
    library = live.now().library
    failures = [FailureOut(path=cleaned(one.path), reason=cleaned(one.reason)) for one in read_failures(library)]
    now = read_status(library)
    folders = [folder_out(folder) for folder in now.folders]
    return StatusOut.model_validate(asdict(now) | {"folders": folders, "failures": failures})


@router.get("/health/live")
def health_live() -> Health:
    """The process answers."""
    return Health()


@router.get("/health/ready", responses={503: {"model": Problem}})
def health_ready(live: Serving) -> Health:
    """The catalog and the encoder can be used."""
    live.now().search(Query("ready"), 1)
    return Health()
