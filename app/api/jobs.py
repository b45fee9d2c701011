"""Jobs: long work in the server, told of while it goes on."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from app.api.addresses import ROOT
from app.api.problems import CONFLICT
from app.api.requests import LARGEST_ID, Id, Strict
from app.api.serving import Serving
from app.encoders import find_encoder
from app.jobs import Job, Jobs, Kind, State

router = APIRouter(tags=["jobs"])

_LOOK_EVERY = 0.25  # seconds
_BEAT_EVERY = 15.0  # seconds without news, after which a comment shows that the line still stands

JobId = Annotated[int, Path(ge=1, le=LARGEST_ID)]


class JobIn(Strict):
    kind: Kind
    folder_id: Id | None = Field(default=None, description="index, retry-failed: of one folder, not of all")
    accept_missing: bool = Field(default=False, strict=True, description="index: what is gone is meant to be")
    encoder: str | None = Field(
        default=None, max_length=500, description="switch: one of `/encoders`, by name or fingerprint"
    )
    leave_unreadable: bool = Field(
        default=False, strict=True, description="switch: go over without what cannot be read"
    )
    threshold: float | None = Field(
        default=None,
        gt=0,
        le=1,
        strict=True,
        description="suggest-tags: the least probability; null is the usual one",
    )


class JobOut(BaseModel):
    """Times are UTC."""

    id: int
    kind: Kind
    state: State = Field(description="waiting: for the job before it")
    folder_id: int | None
    accept_missing: bool
    encoder: str | None
    leave_unreadable: bool
    threshold: float | None
    done: int = Field(description="files, or pictures")
    total: int | None = Field(description="null while nobody knows")
    failed: int = Field(description="of those done")
    per_second: float | None
    seconds_left: float | None
    said: str = Field(description="what it does, what it did, or why it failed, in a line")
    asked_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    version: int = Field(description="counts its changes")


_EVENT = {"type": "object", "properties": {name: {"type": "string"} for name in ("event", "id", "data")}}
_EVENTS: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"text/event-stream": {"schema": _EVENT}},
        "description": "`event: job`, with the job as JSON in `data`, at each change; the last one is when it is over",
    }
}


@router.post("/jobs", status_code=202, responses=CONFLICT)
def start(live: Serving, body: JobIn, response: Response) -> JobOut:
    """Begins a job, behind those that wait.

    index, retry-failed, switch, duplicates (looks for them), suggest-tags (for every photo) or compact.
    """
    options = body.model_dump(exclude={"kind"})
    if body.encoder is not None:
        options["encoder"] = find_encoder(live.now().library, body.encoder).fingerprint or body.encoder
    job = live.jobs.start(body.kind, **options)
    response.headers["Location"] = f"{ROOT}/jobs/{job.id}"
    return job_out(job)


@router.get("/jobs")
def jobs(live: Serving) -> list[JobOut]:
    """The last jobs, newest first. They are forgotten when the server ends."""
    return [job_out(job) for job in live.jobs.list()]


@router.get("/jobs/{job_id}")
def job(live: Serving, job_id: JobId) -> JobOut:
    """One job as it is now."""
    return job_out(live.jobs.get(job_id))


@router.get("/jobs/{job_id}/events", response_class=StreamingResponse, responses=_EVENTS)
async def events(live: Serving, job_id: JobId) -> StreamingResponse:
    """One job as it goes on, as server-sent events."""
    live.jobs.get(job_id)  # 404 before anything is sent
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return StreamingResponse(_told(live.jobs, job_id), media_type="text/event-stream", headers=headers)


@router.post("/jobs/{job_id}/cancel")
def cancel(live: Serving, job_id: JobId) -> JobOut:
    """Ends a job after the photos at hand; what it did is kept. One that is over stays as it is."""
    return job_out(live.jobs.cancel(job_id))


@router.post("/jobs/{job_id}/pause", responses=CONFLICT)
def pause(live: Serving, job_id: JobId) -> JobOut:
    """Lets a job wait after the photos at hand; the jobs behind it wait too."""
    return job_out(live.jobs.pause(job_id))


@router.post("/jobs/{job_id}/resume", responses=CONFLICT)
def resume(live: Serving, job_id: JobId) -> JobOut:
    """Lets a paused job go on."""
    return job_out(live.jobs.resume(job_id))


def job_out(job: Job) -> JobOut:
    """A job as the API shows it."""
    return JobOut.model_validate(asdict(job))


async def _told(jobs: Jobs, job_id: int) -> AsyncIterator[str]:
    """A job's changes until it is over, or the server ends."""
    version, said_at = -1, time.monotonic()
    while True:
        job = jobs.get(job_id)
        if job.version != version:
            version, said_at = job.version, time.monotonic()
            yield f"event: job\nid: {version}\ndata: {job_out(job).model_dump_json()}\n\n"
        elif time.monotonic() - said_at > _BEAT_EVERY:
            said_at = time.monotonic()
            yield ": still here\n\n"
        if job.state.is_over or jobs.is_closed:
            return
        await asyncio.sleep(_LOOK_EVERY)
