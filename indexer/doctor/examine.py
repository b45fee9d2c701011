"""All checks of a library, in the order in which they help one another."""

from collections.abc import Callable

from indexer.doctor.catalog_checks import CATALOG_CHECKS
from indexer.doctor.check import Diagnosis, run_checks
from indexer.doctor.disk_checks import DISK_CHECKS
from indexer.doctor.thumbnail_checks import THUMBNAIL_CHECKS
from indexer.doctor.vector_checks import VECTOR_CHECKS
from indexer.ingest import writing_library
from indexer.library import Library

CHECKS = (*CATALOG_CHECKS, *VECTOR_CHECKS, *THUMBNAIL_CHECKS, *DISK_CHECKS)


def examine(
    library: Library, *, repair: bool = False, listener: Callable[[str], None] = lambda meaning: None
) -> list[Diagnosis]:
    """What is wrong, or worth knowing, with a library; with `repair`, mended where that is safe.

    Raises:
        BusyError: another run is writing, and `repair` was asked for.
        StorageError: a repair could not be written.
    """
    if not repair:
        return run_checks(library, CHECKS, listener=listener)
    with writing_library(library):
        return run_checks(library, CHECKS, repair=True, listener=listener)
