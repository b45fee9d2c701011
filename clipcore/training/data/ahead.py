"""The next batch while the present one is computed: joined, pinned and on its way to the device."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import torch

from clipcore.training.data.loader import Batch


def ahead(batches: Iterator[Batch], device: torch.device) -> Iterator[Batch]:
    """`batches`, each on `device`, one of them ahead."""
    copying = torch.cuda.Stream(device) if device.type == "cuda" else None  # type: ignore[no-untyped-call]
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(_next, batches, device, copying)
        while (batch := coming.result()) is not None:
            coming = pool.submit(_next, batches, device, copying)
            if copying is not None:
                computing = torch.cuda.current_stream(device)
                computing.wait_stream(copying)
                batch.pixels.record_stream(computing)  # its memory is not given away before the step is done with it
                batch.tokens.record_stream(computing)
            yield batch


def _next(batches: Iterator[Batch], device: torch.device, copying: "torch.cuda.Stream | None") -> Batch | None:
    batch = next(batches, None)
    if batch is None or copying is None:
        return batch
    with torch.cuda.stream(copying):
        moved = (t.pin_memory().to(device, non_blocking=True) for t in (batch.pixels, batch.tokens))
        on_device = replace(batch, pixels=next(moved), tokens=next(moved))
    copying.synchronize()  # in this thread: nothing waits for it, and the pinned memory may be used again
    return on_device
