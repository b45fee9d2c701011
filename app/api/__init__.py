"""The retrieval API, mounted at /api/v1; each concept is a router of its own. Photos are named by id, never by path."""

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from app.api import (
    albums,
    describe,
    download,
    duplicates,
    encoders,
    explore,
    folders,
    jobs,
    metrics,
    names,
    photos,
    search,
    status,
    tags,
)
from app.api.addresses import ROOT as ROOT
from app.api.addresses import VERSION
from app.api.photos import photo_out as photo_out
from app.api.problems import PROBLEMS, add_problems, describe_problems
from app.metrics import Measured, Metrics
from app.services import Live, Services

_ROUTERS = (  # tried one after the other: those asked most come first
    search.router,
    photos.router,
    albums.router,
    describe.router,
    duplicates.router,
    encoders.router,
    explore.router,
    folders.router,
    jobs.router,
    metrics.router,
    names.router,
    status.router,
    tags.router,
    download.router,
)


def create_api(services: Services | Live, *, may_change_folders: bool = False) -> FastAPI:
    """The API over one library, to be mounted at `ROOT`. Each request is answered with one encoder throughout."""
    api = FastAPIOffline(  # its /docs loads nothing from elsewhere
        title="Sightline",
        version=VERSION,
        summary="Find photos by describing them.",
        responses=PROBLEMS,
    )
    api.state.live = services if isinstance(services, Live) else Live(services)
    api.state.may_change_folders = may_change_folders
    for router in _ROUTERS:
        api.include_router(router)
    add_problems(api)
    described = api.openapi
    api.openapi = lambda: describe_problems(described())  # type: ignore[method-assign]
    api.state.metrics = Metrics(api.state.live)
    api.add_middleware(Measured, metrics=api.state.metrics)
    return api
