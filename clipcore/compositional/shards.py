"""The compositional set as WebDataset tars: ``KEY.png`` beside ``KEY.json``, its caption and its distractors."""

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

from clipcore.compositional.generated import CompositionalSet, Sample, Split

A_SHARD = 10_000  # pictures


def write_shards(
    generated: CompositionalSet, split: Split, count: int, folder: Path, progress: Callable[[int], None]
) -> Iterator[Path]:
    """Writes the first `count` pictures of a split into `folder`, each tar whole or not at all; yields each tar.

    The same bytes for the same set.
    """
    from webdataset import TarWriter

    folder.mkdir(parents=True, exist_ok=True)
    for start in range(0, count, A_SHARD):
        path = folder / f"{split}-{start // A_SHARD:05}.tar"
        partial = path.with_name(f".{path.name}.partial")
        try:
            with partial.open("wb") as stream, TarWriter(stream, mtime=0) as writer:
                for index in range(start, min(start + A_SHARD, count)):
                    writer.write(_files(generated.sample(split, index)))
                    progress(index + 1)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
        yield path


def _files(sample: Sample) -> dict[str, str | bytes]:
    png = io.BytesIO()
    sample.image.save(png, "PNG")
    described = {"caption": sample.caption, "distractors": dict(sample.distractors)}
    return {"__key__": sample.key, "png": png.getvalue(), "json": json.dumps(described).encode()}
