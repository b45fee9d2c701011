"""One library that is harmed again and again while its photos change, and compared each time with a new one.

`Trial` kills whoever works on it; `tests.faults.disks` has the trials whose disk fills up or fails.
"""

import os
import random
import shutil
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

from clipcore import Encoder, load_encoder
from indexer.doctor.examine import examine
from indexer.folders import add_folder
from indexer.ingest import ingest
from indexer.library import Library
from indexer.settings import load_settings
from indexer.switch import switch_encoder
from tests.conftest import paint
from tests.faults import victims
from tests.faults.compare import differences, portrait

SIDECAR = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="{}"/></rdf:RDF></x:xmpmeta>"""
_MANY = 24  # pictures, about


@lru_cache
def encoder_at(bundle: str) -> Encoder:
    return load_encoder(bundle)


@dataclass
class Trial:
    """A library at `place` on `database` (None: SQLite), and a folder of photos that `chance` changes."""

    place: Path
    database: str | None
    encoders: tuple[str, str]
    chance: random.Random
    harmed_at_work: Counter[str] = field(default_factory=Counter)  # by operation; others had finished a moment earlier
    lasts: dict[str, float] = field(default_factory=dict)  # seconds, about: what a kill is aimed into

    operations: ClassVar[tuple[str, ...]] = tuple(sorted(victims.OPERATIONS))
    harmed: ClassVar[str] = "killed"

    def __post_init__(self) -> None:
        self.photos = self.place / "photos"
        self.home = self.place / "home"
        self.encoder = self.encoders[0]
        for _ in range(_MANY // 2):
            self._add()

    @property
    def killed(self) -> int:
        return self.harmed_at_work.total()

    @property
    def settings(self) -> dict[str, Any]:
        return {
            "home": self.home,
            "database_url": self.database,
            "encoder": self.encoder,
            "batch_size": 2,
            "decode_workers": 1,
        }

    def run(self) -> list[str]:
        """Changes the photos, harms one operation, completes it; every difference from a library built in one go."""
        for _ in range(self.chance.randint(1, 5)):
            self.change()
        operation = self.chance.choice(self.operations)
        if operation == "switch":
            self.encoder = next(encoder for encoder in self.encoders if encoder != self.encoder)
        said = self.harm(operation)
        library = self._open(self.settings)
        try:
            ill = [f"{d.kind} {finding}" for d in examine(library) if d.unwell for finding in d.findings]
            if operation == "switch":
                ill += [] if switch_encoder(library, leave_unreadable=True).switched else ["it was not completed"]
            ingest(library, add_folder(library.catalog, self.photos)[0])
            mine = portrait(library)
        finally:
            library.close()
        found = said + ill + differences(mine, self._built_in_one_go())
        return [f"after a {self.harmed} {operation}: {line}" for line in found]

    def harm(self, operation: str) -> list[str]:
        """Starts an operation and ends it in the middle; gives back what it said that it should not have."""
        last = self.lasts.setdefault(operation, 0.6)
        began = time.monotonic()
        process = victims.start(operation, self.photos, self.settings)
        end = began + self.chance.uniform(0, last)
        while time.monotonic() < end and process.is_alive():
            if operation == "watch":
                self.change()
            process.join(self.chance.uniform(0, min(0.2, last)) if operation == "watch" else end - time.monotonic())
        running = process.is_alive()
        self.harmed_at_work[operation] += running
        self.lasts[operation] = min(3.0, last * 1.1) if running else max(0.05, last * 0.8)
        process.kill()
        process.join()
        process.close()
        return []

    def change(self) -> None:
        """One thing that happens to a folder of photos."""
        there = sorted(path for path in self.photos.rglob("*.*") if path.is_file())
        if len(there) < _MANY // 2:
            return self._add()
        one = self.chance.choice(there)
        picture = self.chance.choice([path for path in there if path.suffix != ".xmp"])
        what = [self._add, self._add, self._spoil, one.unlink]
        what += [lambda: self._repaint(picture), lambda: self._describe(picture)]
        what += [lambda: self._move(one), lambda: shutil.copy(one, self._name(one.suffix))]
        if len(there) > _MANY:
            what = [one.unlink]
        self.chance.choice(what)()
        return None

    def _name(self, suffix: str) -> Path:
        folder = self.photos / self.chance.choice(["", "2019", "2019/caf\u00e9", "trip"])
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{self.chance.getrandbits(40):010x}{suffix}"

    def _add(self) -> None:
        self._repaint(self._name(self.chance.choice([".jpg", ".png", ".webp"])))

    def _repaint(self, path: Path) -> None:
        paint(path, self.chance.getrandbits(32), (48, 32))

    def _describe(self, path: Path) -> None:
        path.with_suffix(".xmp").write_text(SIDECAR.format(self.chance.randint(1, 5)), encoding="utf-8")

    def _move(self, path: Path) -> None:
        os.rename(path, self._name(path.suffix))

    def _spoil(self) -> None:
        self._name(".jpg").write_bytes(self.chance.randbytes(200))

    def _built_in_one_go(self) -> Any:
        with tempfile.TemporaryDirectory(dir=self.place) as home:
            library = self._open(
                self.settings | {"home": Path(home), "database_url": f"sqlite:///{home}/c", "batch_size": 64}
            )
            try:
                ingest(library, add_folder(library.catalog, self.photos)[0])
                return portrait(library)
            finally:
                library.close()

    def _open(self, settings: dict[str, Any]) -> Library:
        library = Library(load_settings(**settings))
        library.encoder = encoder_at(settings["encoder"])  # reading it anew takes longer than all the rest
        return library
