"""What each kind of job does, on what the command line does it with too. `app.jobs` runs it."""

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING

from app.counts import count_of
from app.encoders import available_encoders
from app.errors import JobError, NotFoundError
from indexer.catalog import Folder
from indexer.errors import BusyError, IndexerError
from indexer.folders import list_folders
from indexer.ingest import Report, ingest
from indexer.library import Library
from indexer.settings import Settings, load_settings

if TYPE_CHECKING:
    from app.jobs import Going, Job
    from app.services import Services

_BUSY = "another run is indexing; this one begins when it has ended"
_PAUSED = "indexing is paused for the whole library: sightline resume"


def check(services: "Services", job: "Job") -> None:
    """Raises JobError, NotFoundError or QueryError where a job cannot be done."""
    if job.folder_id is not None:
        _folders(services, job)
    if job.threshold is not None:
        from app.tags import check_threshold

        check_threshold(job.threshold)
    if job.kind == "switch":
        if not job.encoder:
            raise JobError("switch: expected the encoder to go over to")
        if "encoder" in services.library.settings.model_fields_set:
            raise JobError(
                f"the settings name the encoder {services.library.settings.encoder}: "
                "take SIGHTLINE_ENCODER or `encoder` out of them first"
            )


def work(services: "Services", job: "Job", going: "Going") -> str:
    """Does a job; gives back what it did, in a line.

    Raises:
        Cancelled: it was ended before it was through.
        IndexerError, ClipcoreError: what came in between.
    """
    match job.kind:
        case "index" | "retry-failed":
            return _index(services, job, going)
        case "switch":
            return _switch(services, job, going)
        case "duplicates":
            return _duplicates(services, going)
        case "suggest-tags":
            return _suggest_tags(services, job, going)
        case "compact":
            return f"{count_of(services.search.settle(), 'photo')} in the index"


def _folders(services: "Services", job: "Job") -> list[Folder]:
    with services.library.catalog.reading() as session:
        folders = list_folders(session)
    if job.folder_id is None:
        return folders
    chosen = [folder for folder in folders if folder.id == job.folder_id]
    if not chosen:
        raise NotFoundError(f"no folder with id {job.folder_id}")
    return chosen


def _index(services: "Services", job: "Job", going: "Going") -> str:
    reports: list[Report] = []
    problems: list[str] = []
    for folder in _folders(services, job):
        try:
            reports.append(_pass(services.library, folder, job, going, reports))
        except BusyError:
            raise
        except IndexerError as error:  # too much of it is gone: the others are still looked through
            problems.append(str(error))
        if reports and reports[-1].cancelled:  # by whoever: sightline cancel ends jobs too
            going.stop.set()
        going.check()
    services.search.settle()
    said = [f"{report.folder}: {_told(report)}" for report in reports]
    if problems:
        raise JobError("; ".join([*problems, *said]))
    return "; ".join(said) or "no folder is indexed yet"


def _told(report: Report) -> str:
    from app.progress import counts_of

    return "paused" if report.held else "offline" if report.offline else counts_of(report)


def _pass(library: Library, folder: Folder, job: "Job", going: "Going", before: list[Report]) -> Report:
    done, total = sum(report.done for report in before), sum(report.total for report in before)
    failed = sum(report.failures for report in before)

    def listen(report: Report) -> None:
        waits = _PAUSED if report.paused else ""
        going.tell(done + report.done, total + report.total, failed + report.failures, waits=waits)

    while True:
        try:
            return ingest(
                library,
                folder,
                retry_failed=job.kind == "retry-failed",
                accept_missing=job.accept_missing,
                progress=listen,
                stop=going.stop,
            )
        except BusyError:
            going.tell(done, total, failed, waits=_BUSY)
            going.stop.wait(1)
            going.check()


def _switch(services: "Services", job: "Job", going: "Going") -> str:
    from indexer.switch import Build, switch_encoder

    def listen(build: Build) -> None:
        going.tell(build.done, build.total, len(build.failed))

    target = Library(_settings_with(services.library, job.encoder or ""), services.library.catalog)
    build = switch_encoder(target, leave_unreadable=job.leave_unreadable, progress=listen, stop=going.stop)
    if not build.switched:
        going.check()
    return f"searches use {build.encoder} now, which looked at {count_of(build.done, 'photo')}"


def _settings_with(library: Library, encoder: str) -> Settings:
    """The settings with another encoder: one that the catalog knows, as it was loaded then, or what the name says."""
    named: dict[str, str | None] = {"encoder": encoder, "encoder_architecture": None}
    for known in available_encoders(library):
        if known.fingerprint == encoder:
            source = asdict(known.source)
            named = {"encoder": source.pop("encoder"), **{f"encoder_{name}": value for name, value in source.items()}}
    return load_settings(**library.settings.model_dump(exclude=set(named), exclude_unset=True), **named)


def _counted(going: "Going") -> Callable[[int, int], None]:
    """A listener that tells of (done, total), and ends the work once it is to end."""

    def listen(done: int, total: int) -> None:
        going.tell(done, total)
        going.check()

    return listen


def _duplicates(services: "Services", going: "Going") -> str:
    from indexer.duplicates import find_duplicates

    found = find_duplicates(services.library, progress=_counted(going))
    unseen = f"; {found.unseen:,} pictures have no thumbnail" if found.unseen else ""
    return f"{count_of(len(found.groups), 'group')} of photos that show the same{unseen}"


def _suggest_tags(services: "Services", job: "Job", going: "Going") -> str:
    from app.tags import THRESHOLD, suggest
    from app.vocabularies import DEFAULT_VOCABULARY

    describe = services.describe
    encoded = describe.encoded(describe.tags_of(DEFAULT_VOCABULARY))
    threshold = THRESHOLD if job.threshold is None else job.threshold
    found = suggest(services.library, describe.likelihood, encoded, threshold, _counted(going))
    return f"{count_of(found.tags, 'suggestion')} for {count_of(found.photos, 'photo')}"
