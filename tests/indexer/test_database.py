import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

import indexer.database as database_module
from indexer.catalog import Catalog
from indexer.database import network_under, writing_alone
from indexer.doctor.examine import examine
from indexer.errors import BusyError, CatalogError
from indexer.folders import add_folder
from indexer.ingest import ingest
from indexer.library import Library

only_postgresql = pytest.mark.parametrize("database", ["postgresql"], indirect=True)

HOLDER = """
import sys, time
from indexer.catalog import Catalog
from indexer.database import writing_alone
with writing_alone(Catalog.open(sys.argv[1]).engine, 5):
    print("held", flush=True)
    time.sleep(60)
"""


@only_postgresql
def test_one_machine_at_a_time_indexes_into_a_shared_catalog_and_a_killed_one_holds_nothing(database: str) -> None:
    catalog = Catalog.open(database)
    with subprocess.Popen([sys.executable, "-c", HOLDER, database], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None and other.stdout.readline() == "held\n"
        with pytest.raises(BusyError, match="another run"), writing_alone(catalog.engine, 0.2):
            pass
        other.kill()
    with writing_alone(catalog.engine, 5), catalog.writing():
        pass
    with writing_alone(catalog.engine, 0):  # it was given back
        pass
    catalog.close()


@only_postgresql
def test_a_lost_connection_is_one_line_and_the_next_session_works(database: str) -> None:
    catalog = Catalog.open(database)
    with pytest.raises(CatalogError) as caught, catalog.reading() as session:
        victim = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with catalog.engine.connect() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": victim})
        session.execute(text("SELECT 1"))
    assert "\n" not in str(caught.value)
    assert catalog.revision() == 0
    catalog.close()


@only_postgresql
def test_a_connection_cut_while_it_was_idle_is_replaced(database: str) -> None:
    catalog, other = Catalog.open(database), Catalog.open(database)
    catalog.revision()
    with other.engine.connect() as connection:
        mine = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = "
        assert connection.execute(text(mine + "current_database()")).all()
    assert catalog.revision() == 0
    for opened in (catalog, other):
        opened.close()


def test_a_sqlite_catalog_on_a_network_is_warned_of_once(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def index() -> list[str]:
        caplog.clear()
        ingest(library, add_folder(library.catalog, folder)[0])
        return [record.getMessage() for record in caplog.records]

    assert network_under(library.catalog.engine) is None
    assert index() == []
    monkeypatch.setattr(database_module, "kind_of", lambda path: "nfs4")
    (said,) = index()
    assert "lies on a network (nfs4)" in said and "PostgreSQL" in said
    assert index() == [], "once is enough"
    found = {diagnosis.kind: diagnosis for diagnosis in examine(library)}
    assert not found["catalog-on-network"].unwell, "the owner may know what they do"
