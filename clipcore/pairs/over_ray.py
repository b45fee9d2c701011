"""The jobs of a stage over Ray Data: the same function on the machines of a cluster, which share the files' folders."""

import pickle
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from clipcore.errors import PairsError

Job = TypeVar("Job")


def each(function: Callable[[Job], None], jobs: Sequence[Job]) -> Iterator[None]:
    """Does every job on some machine of the cluster that RAY_ADDRESS names, or on this one; one item as each is done.

    Raises:
        PairsError: Ray is not installed, or a job failed.
    """
    try:
        import ray
    except ImportError as error:
        raise PairsError("--ray needs Ray: pip install -r requirements-cluster.txt") from error

    def do(row: dict[str, Any]) -> dict[str, Any]:
        try:
            function(pickle.loads(row["job"]))
        except PairsError as error:
            return {"failed": str(error)}
        return {"failed": ""}

    if not jobs:
        return
    rows = [{"job": pickle.dumps(job)} for job in jobs]
    for row in ray.data.from_items(rows, override_num_blocks=len(rows)).map(do).iter_rows():
        if row["failed"]:
            raise PairsError(row["failed"])
        yield None
