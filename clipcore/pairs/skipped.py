"""What was left out of a piece of work, counted by reason, the first few by name."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

NAMED = 5  # of each reason


@dataclass
class Skipped:
    """Counts of what was left out, and the names of the first few of each reason."""

    counts: Counter[str] = field(default_factory=Counter)
    names: dict[str, list[str]] = field(default_factory=dict)

    def add(self, reason: str, name: str) -> None:
        """One more that was left out for `reason`."""
        self.counts[reason] += 1
        named = self.names.setdefault(reason, [])
        if len(named) < NAMED:
            named.append(name)

    def update(self, other: "Skipped") -> None:
        """All that another counted, too."""
        self.counts.update(other.counts)
        for reason, names in other.names.items():
            self.names[reason] = (self.names.get(reason, []) + names)[:NAMED]

    @property
    def total(self) -> int:
        """How many were left out."""
        return self.counts.total()

    def lines(self) -> Iterator[str]:
        """One line a reason, the most frequent first: ``3 no caption: a, b, c``."""
        for reason, count in self.counts.most_common():
            more = ", ..." if count > NAMED else ""
            yield f"{count} {reason}: {', '.join(self.names[reason])}{more}"

    def as_json(self) -> dict[str, Any]:
        """What `from_json` reads."""
        return {"counts": dict(self.counts), "names": self.names}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Skipped":
        """What `as_json` wrote."""
        return cls(Counter(values["counts"]), dict(values["names"]))
