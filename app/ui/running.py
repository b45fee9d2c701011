"""Long work under way: how far it is, how fast, what is left; to be paused and ended. What ended last, and how."""

from contextlib import suppress
from pathlib import Path

import streamlit as st

from app.errors import AppError
from app.jobs import Job, Kind, State
from app.services import Services, jobs
from app.ui.plain import plain
from app.ui.spans import ago, still
from indexer.folders import list_folders

_NAMES: dict[Kind, str] = {
    "index": "Looking for changes",
    "retry-failed": "Reading again what could not be read",
    "switch": "Going over to another encoder",
    "duplicates": "Comparing photos",
    "suggest-tags": "Suggesting tags",
    "compact": "Tidying the index",
}

_KEPT = "What was done is kept; the next time goes on from there."


def start(kind: Kind, **options: object) -> None:
    """Starts a job; what is wrong is told."""
    try:
        jobs().start(kind, **options)
    except AppError as error:
        st.session_state["told"] = plain(str(error))


def running(services: Services, *kinds: Kind, over: bool = True) -> None:
    """The jobs of these kinds, followed closely while there are any; `over`: then the last one, and what it did."""
    active = _active(kinds)
    st.fragment(_running, run_every=1 if active else 5)(services, kinds, over)


def _active(kinds: tuple[Kind, ...]) -> list[Job]:
    return [job for job in reversed(jobs().list()) if job.kind in kinds and not job.state.is_over]


def _running(services: Services, kinds: tuple[Kind, ...], over: bool) -> None:
    active = _active(kinds)
    ids = [job.id for job in active]
    key = f"active {kinds}"
    before, st.session_state[key] = st.session_state.get(key, ids), ids
    if before != ids:
        st.rerun()  # the page shows what the job did, and is followed as closely as it now should
    for job in active:
        _job(services, job)
    if over and not active:
        _ended(kinds)


def _job(services: Services, job: Job) -> None:
    with st.container(border=True, key=f"job-{job.id}"):
        share = min(job.done / job.total, 1.0) if job.total else 0.0
        st.progress(share, text=f"**{_NAMES[job.kind]}{_where(services, job)}** · {progress_line(job)}")
        with st.container(horizontal=True, gap="small"):
            if job.state in (State.RUNNING, State.PAUSED):
                is_paused = job.state is State.PAUSED
                st.button(
                    "Go on" if is_paused else "Pause",
                    key=f"pause-{job.id}",
                    icon=":material/play_arrow:" if is_paused else ":material/pause:",
                    on_click=_do,
                    args=("resume" if is_paused else "pause", job.id),
                )
            st.button(
                "Stop",
                key=f"cancel-{job.id}",
                icon=":material/stop:",
                help="What was done is kept." if job.kind == "suggest-tags" else _KEPT,
                on_click=_do,
                args=("cancel", job.id),
            )


def _do(act: str, job_id: int) -> None:
    with suppress(AppError):  # it may have ended meanwhile
        getattr(jobs(), act)(job_id)


def progress_line(job: Job) -> str:
    """How far a job is, in a line."""
    if job.state is State.WAITING:
        return "waits for the one before it"
    if job.state is State.PAUSED:
        return plain(job.said) or "paused"
    if job.total is None:
        return "looking through folders …" if job.kind == "index" else "beginning …"
    said = [f"{job.done:,} of {job.total:,}"]
    if job.per_second:
        said.append(f"{job.per_second:,.{0 if job.per_second >= 10 else 1}f} files a second")
    if job.seconds_left:
        said.append(f"about {still(job.seconds_left)} left")
    if job.failed:
        said.append(f"{job.failed:,} could not be read")
    return " · ".join(said)


def _where(services: Services, job: Job) -> str:
    if job.kind == "switch":
        return f" {plain(job.encoder or '')}"
    if job.folder_id is None:
        return ""
    with services.library.catalog.reading() as session:
        found = next((folder.path for folder in list_folders(session) if folder.id == job.folder_id), "")
    return f" in {plain(Path(found).name)}"


def _ended(kinds: tuple[Kind, ...]) -> None:
    job = next((job for job in jobs().list() if job.kind in kinds), None)
    if job is None or job.ended_at is None:
        return
    if job.state is State.FAILED:
        st.error(f"{_NAMES[job.kind]} failed: {plain(job.said)}", icon=":material/error:")
    else:
        st.caption(f":material/done_all: {_NAMES[job.kind]}, {ago(job.ended_at)}: {plain(job.said)}")
