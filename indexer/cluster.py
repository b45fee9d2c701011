"""Ingest past one machine: Ray Data spreads the pictures of a folder or bucket over a cluster, and each machine writes
what it made of its share as Parquet (`indexer.parquet`), which ``sightline import`` takes in.

A plan, written first, cuts the list of files into parts. A part is done when its table of photos has its name, which it
gets last and in one step; so a run that was killed goes on with the parts that are missing, and no two workers ever
write one file. The last step writes the manifest.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from indexer.cluster_plan import Job
from indexer.columns import stored_text
from indexer.errors import ClusterError
from indexer.library import Library
from indexer.parquet import MANIFEST, EncoderEntry, FolderEntry, write_manifest
from indexer.sources import Source


@dataclass
class Report:
    """What a run did, in files."""

    total: int
    done: int = 0  # of those, now or by an earlier run
    failed: int = 0
    bytes: int = 0  # read by this run


Progress = Callable[[Report], None]


def run_cluster(
    library: Library,
    source: str,
    out: Path,
    *,
    workers: int = 1,
    gpus: float = 0,
    address: str | None = None,
    progress: Progress = lambda report: None,
) -> Report:
    """Encodes the pictures below `source`, a folder or an fsspec URL such as ``s3://bucket/photos``, into `out`.

    `out` must be a folder that every machine of the cluster sees. `workers` encode at a time, each with its share of
    `gpus`; `address` is that of a running Ray cluster, None starts one on this machine.

    Raises:
        FolderError: `source` cannot be listed, or `out` holds another source's or encoder's parts.
        StorageError: `out` cannot be written.
        ClusterError: Ray is not installed, or a part could not be made.
    """
    job = Job(Source.of(source), Path(os.path.abspath(out)), library.settings)
    encoder = library.encoder
    job.make_plan(encoder.fingerprint)
    left = [part for part in range(job.count()) if not job.table("photos", part).exists()]
    report = Report(job.total(), job.total() - sum(len(job.part(part)) for part in left))
    progress(report)
    for counts in _encode_parts(job, left, workers, gpus, address):
        report.done += counts["files"]
        report.failed += counts["failed"]
        report.bytes += counts["bytes"]
        progress(report)
    if left or not (job.out / MANIFEST).exists():
        made_with = EncoderEntry(encoder.fingerprint, encoder.name, encoder.dim)
        write_manifest(job.out, [made_with], [FolderEntry(stored_text(job.source.folder))])
    return report


def _encode_parts(
    job: Job, parts: Sequence[int], workers: int, gpus: float, address: str | None
) -> Iterator[dict[str, int]]:
    if not parts:
        return
    from indexer.cluster_worker import PartEncoder

    try:
        import ray
    except ImportError as error:
        raise ClusterError("this needs Ray: pip install -r requirements-cluster.txt") from error
    ray.init(address=address, include_dashboard=False, log_to_driver=False, logging_level="error")
    try:
        ray.data.DataContext.get_current().enable_progress_bars = False
        yield from (
            ray.data.from_items([{"part": part} for part in parts], override_num_blocks=len(parts))
            .map(
                PartEncoder,
                fn_constructor_args=(job,),
                compute=ray.data.ActorPoolStrategy(size=min(workers, len(parts))),
                num_gpus=gpus or None,
            )
            .iter_rows()
        )
    finally:
        ray.shutdown()
