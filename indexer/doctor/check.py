"""What a check is, and running all of them: find, say, and repair where that is asked for and safe."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from indexer.errors import CatalogError
from indexer.library import Library


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be."""

    subject: str  # a path, a hash, a row
    detail: str
    id: int = 0  # the row's, for the repair


@dataclass(frozen=True)
class Check:
    """One kind of problem.

    Attributes:
        kind: its name in ``--json``.
        meaning: what it is that was found.
        remedy: what mends it, in the imperative; what `repair` does, where there is one.
        find: looks, and changes nothing.
        repair: mends what was found; it runs under the library's writing lock.
        serious: whether a library with it is unwell; else it is only worth knowing.
    """

    kind: str
    meaning: str
    remedy: str
    find: Callable[[Library], Iterable[Finding]]
    repair: Callable[[Library, Sequence[Finding]], None] | None = None
    serious: bool = True


@dataclass
class Diagnosis:
    """What one check found, and whether that was repaired."""

    kind: str
    meaning: str
    remedy: str
    serious: bool
    repairable: bool
    repaired: bool = False
    findings: list[Finding] = field(default_factory=list)

    @property
    def unwell(self) -> bool:
        return self.serious and not self.repaired


def run_checks(
    library: Library,
    checks: Iterable[Check],
    *,
    repair: bool = False,
    listener: Callable[[str], None] = lambda meaning: None,
) -> list[Diagnosis]:
    """What the checks found, those with nothing to say left out; `listener` hears which one begins.

    Raises:
        BusyError: another run is writing, and `repair` was asked for.
        StorageError: a repair could not be written.
    """
    diagnoses = []
    for check in checks:
        listener(check.meaning)
        diagnosis = Diagnosis(check.kind, check.meaning, check.remedy, check.serious, check.repair is not None)
        try:
            findings = diagnosis.findings = list(check.find(library))
        except CatalogError as error:  # pages that this check needs cannot be read
            diagnosis.findings, diagnosis.serious = [Finding("this check", str(error))], True
            diagnoses.append(diagnosis)
            continue
        if not findings:
            continue
        if repair and check.repair is not None:
            check.repair(library, findings)
            left = list(check.find(library))
            diagnosis.repaired, diagnosis.findings = not left, left or findings
        diagnoses.append(diagnosis)
    return diagnoses
