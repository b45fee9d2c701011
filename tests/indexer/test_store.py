import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from sqlalchemy import func, select

from clipcore.batches import batched
from indexer.catalog import Content, Folder, Vector
from indexer.folders import add_folder
from indexer.library import Library
from indexer.reading import ReadFile, read_ahead
from indexer.scan import find_changes
from indexer.store import store_batches
from tests.conftest import on_both_databases, paint


def read_all(library: Library, root: Path, count: int) -> tuple[Folder, list[ReadFile]]:
    for i in range(count):
        paint(root / f"{i}.png", i)
    folder, _ = add_folder(library.catalog, root)
    with library.catalog.reading() as session:
        changes = find_changes(session, folder, library.encoder_id)
    with closing(read_ahead(library, changes.to_read, library.encoder_id)) as read:
        return folder, list(read)


def vectors(library: Library) -> int:
    with library.catalog.reading() as session:
        return session.execute(select(func.count()).select_from(Vector)).scalar_one()


@on_both_databases
def test_the_encoder_does_not_wait_for_the_disk(library: Library, tmp_path: Path) -> None:
    folder, files = read_all(library, tmp_path / "photos", 6)
    at_work = threading.Event()

    def batches() -> Iterator[Sequence[ReadFile]]:
        for number, batch in enumerate(batched(files, 2)):
            if number == 1:
                at_work.set()
            yield batch

    stored: list[int] = []

    def store() -> None:
        for batch, _ in store_batches(library, folder, library.encoder_id, batches()):
            stored.append(len(batch))

    thread = threading.Thread(target=store)
    with library.catalog.writing():  # nobody else can commit meanwhile
        thread.start()
        assert at_work.wait(60), "the second batch is asked for while the first cannot be written"
        assert stored == []
    thread.join(60)
    assert stored == [2, 2, 2]
    with library.catalog.reading() as session:
        revisions = session.scalars(select(Content.revision).order_by(Content.id)).all()
    assert list(revisions) == sorted(revisions) and len(set(revisions)) == 3, "one transaction a batch, in order"


def test_nothing_is_written_once_its_reader_has_stopped(library: Library, tmp_path: Path) -> None:
    folder, files = read_all(library, tmp_path / "photos", 6)
    with closing(store_batches(library, folder, library.encoder_id, batched(files, 2))) as stored:
        next(stored)
        assert vectors(library) == 2
    assert vectors(library) == 2
