"""Folders: which are indexed, and adding, removing, pausing and looking through them."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, Field

from app.api.addresses import ROOT
from app.api.files import cleaned
from app.api.jobs import JobOut, job_out
from app.api.problems import CONFLICT, Problem
from app.api.requests import LARGEST_ID, Strict
from app.api.serving import Serving
from app.errors import NotAllowedError, NotFoundError
from app.new_folder import checked
from app.status import FolderStatus, read_folders
from indexer.catalog import Catalog, Folder
from indexer.folders import add_folder, get_folder, set_paused
from indexer.forget import forget_folder
from indexer.library import Library

router = APIRouter(tags=["folders"])

FolderId = Annotated[int, Path(ge=1, le=LARGEST_ID)]
_REFUSED: dict[int | str, dict[str, Any]] = {
    403: {"model": Problem, "description": "Folders are not added and removed over the API of this server"}
}


class FolderOut(BaseModel):
    id: int
    path: str
    state: str = Field(description="online, offline (unplugged: its photos are kept) or paused", examples=["online"])
    photos: int
    missing: int
    failed: int
    scanned_at: datetime | None = Field(description="UTC")


class FolderIn(Strict):
    path: str = Field(min_length=1, max_length=4_000, description="a whole path on the server", examples=["~/Pictures"])
    exclude: list[Annotated[str, Field(max_length=1_000)]] | None = Field(
        default=None, max_length=1_000, description="gitignore's patterns of what is left out; what it had where null"
    )


class FolderAddedOut(BaseModel):
    folder: FolderOut
    job: JobOut | None = Field(description="that looks through it")


class ForgottenOut(BaseModel):
    photos: int = Field(description="taken out of the library; the files stay")


@router.get("/folders")
def folders(live: Serving) -> list[FolderOut]:
    """The indexed folders, by path."""
    return [folder_out(folder) for folder in read_folders(live.now().library)]


@router.post("/folders", status_code=201, responses=_REFUSED | CONFLICT)
def add(live: Serving, request: Request, body: FolderIn, response: Response) -> FolderAddedOut:
    """Adds a folder of the server's machine, and begins to look through it.

    A folder inside an indexed one is part of that. It is allowed where no token is asked for, or where the setting
    `allow_folders_from_api` says so.
    """
    _allow(request)
    library = live.now().library
    folder, _ = add_folder(library.catalog, checked(body.path, library.settings), body.exclude)
    job = live.jobs.start("index", folder_id=folder.id)
    response.headers["Location"] = f"{ROOT}/folders"
    return FolderAddedOut(folder=_out(library, folder.id), job=job_out(job))


@router.delete("/folders/{folder_id}", responses=_REFUSED)
def forget(live: Serving, request: Request, folder_id: FolderId) -> ForgottenOut:
    """Takes a folder out of the library, with the tags that its photos were given. The files stay."""
    _allow(request)
    catalog = live.now().library.catalog
    return ForgottenOut(photos=forget_folder(catalog, _folder(catalog, folder_id)))


@router.post("/folders/{folder_id}/pause")
def pause(live: Serving, folder_id: FolderId) -> FolderOut:
    """Has nobody look through a folder until it is resumed. A pass under way ends after the photos at hand."""
    library = live.now().library
    set_paused(library.catalog, _folder(library.catalog, folder_id).id, True)
    return _out(library, folder_id)


@router.post("/folders/{folder_id}/resume", status_code=202, responses=CONFLICT)
def resume(live: Serving, folder_id: FolderId) -> FolderAddedOut:
    """Takes `pause` back, and begins to look through the folder."""
    library = live.now().library
    set_paused(library.catalog, _folder(library.catalog, folder_id).id, False)
    job = live.jobs.start("index", folder_id=folder_id)
    return FolderAddedOut(folder=_out(library, folder_id), job=job_out(job))


@router.post("/folders/{folder_id}/rescan", status_code=202, responses=CONFLICT)
def rescan(live: Serving, folder_id: FolderId) -> JobOut:
    """Begins to look through a folder for what changed."""
    return job_out(live.jobs.start("index", folder_id=folder_id))


def folder_out(folder: FolderStatus) -> FolderOut:
    """A folder as the API shows it."""
    return FolderOut.model_validate({name: cleaned(value) for name, value in asdict(folder).items()})


def _out(library: Library, folder_id: int) -> FolderOut:
    found = [folder for folder in read_folders(library) if folder.id == folder_id]
    if not found:
        raise NotFoundError(f"no folder with id {folder_id}")
    return folder_out(found[0])


def _folder(catalog: Catalog, folder_id: int) -> Folder:
    folder = get_folder(catalog, folder_id)
    if folder is None:
        raise NotFoundError(f"no folder with id {folder_id}")
    return folder


def _allow(request: Request) -> None:
    if not request.app.state.may_change_folders:
        raise NotAllowedError(
            "folders are not added or removed over the API of this server: switch the setting "
            "allow_folders_from_api on, or use sightline index and sightline forget"
        )
