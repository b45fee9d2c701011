"""Rules that say which pictures answer a query, by what people wrote of them: captions, class names, descriptions.

A rule answers yes, no, or "not known": people do not write of all that they see. What a single caption says, what all
captions say only together, and what the rule doubts is not known, and counts neither for nor against.
"""

import csv
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

QUERIES = Path(__file__).with_name("everyday.toml")
SEEN = Path(__file__).with_name("everyday_seen.tsv")
HIT, MISS, UNKNOWN = 1, 0, -1
KINDS = ("captions", "classes", "photos", "paintings")
AGREE = 2  # captions that must say so

Kind = Literal["captions", "classes", "photos", "paintings"]
Pattern = re.Pattern[str]


class RuleError(Exception):
    """A list of queries that cannot be understood."""


@dataclass(frozen=True)
class Known:
    """What is known of a picture: its captions, the name of its class, or what was written by who looked at it."""

    kind: Kind
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Query:
    """A query and its rule.

    Attributes:
        group: what kind of thing it asks for.
        hit: patterns that must all be in one text.
        classes: a pattern of class names.
        doubt: a pattern that makes a picture unknown unless it is a hit.
        agree: in how many captions.
        none: no picture of the data shows it.
        paintings: whether what is painted counts as seen.
        leave_out: kinds of pictures that are unknown unless the rule makes them a hit.
    """

    text: str
    group: str
    hit: tuple[Pattern, ...] = ()
    classes: Pattern | None = None
    doubt: Pattern | None = None
    agree: int = AGREE
    none: bool = False
    paintings: bool = False
    leave_out: tuple[str, ...] = ()

    def judge(self, picture: Known) -> int:
        """HIT, MISS or UNKNOWN."""
        texts = picture.texts
        if picture.kind == "classes":
            hits, needed = sum(bool(self.classes and self.classes.search(text)) for text in texts), 1
            parts = False
        else:
            hits = sum(bool(self.hit) and all(part.search(text) for part in self.hit) for text in texts)
            needed = min(self.agree, len(texts))
            parts = bool(self.hit) and all(any(part.search(text) for text in texts) for part in self.hit)
        if texts and hits >= needed:
            return HIT if self.paintings or picture.kind != "paintings" else UNKNOWN
        doubted = self.doubt is not None and any(self.doubt.search(text) for text in texts)
        return UNKNOWN if not texts or hits or parts or doubted or picture.kind in self.leave_out else MISS


def read_queries(path: Path) -> list[Query]:
    """The queries of a list, in its order.

    Raises:
        RuleError: it cannot be read or understood; the message names the place.
    """
    try:
        groups = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RuleError(f"cannot read {path} as a list of queries: {error}") from error
    return [_query(path, name, group, text) for name, group in groups.items() for text in group.get("queries", {})]


def _query(path: Path, name: str, group: Mapping[str, Any], text: str) -> Query:
    rule, place = group["queries"][text], f"{path}: [{name}] {text!r}"
    for what, keys, known in (
        (f"{path}: [{name}]", group, {"queries", "leave_out", "paintings"}),
        (place, rule, {"hit", "classes", "doubt", "agree", "none", "leave_out"}),
    ):
        if extra := sorted(set(keys) - known):
            raise RuleError(f"{what} has {', '.join(extra)}: expected {', '.join(sorted(known))}")
    if bool(rule.get("none")) == ("hit" in rule or "classes" in rule):
        raise RuleError(f"{place} needs `hit`, `classes` or both, or else `none = true`")
    leave_out = tuple(rule.get("leave_out", group.get("leave_out", ())))
    if wrong := set(leave_out) - set(KINDS):
        raise RuleError(f"{place} leaves out {', '.join(sorted(wrong))}: expected some of {', '.join(KINDS)}")
    hit = rule.get("hit", ())
    return Query(
        text,
        name,
        hit=tuple(_pattern(place, part) for part in ([hit] if isinstance(hit, str) else hit)),
        classes=_pattern(place, rule["classes"]) if "classes" in rule else None,
        doubt=_pattern(place, rule["doubt"]) if "doubt" in rule else None,
        agree=rule.get("agree", AGREE),
        none=rule.get("none", False),
        paintings=group.get("paintings", False),
        leave_out=leave_out,
    )


def _pattern(place: str, text: str) -> Pattern:
    """Whole words, in any case."""
    try:
        return re.compile(rf"(?<!\w)(?:{text})(?!\w)", re.IGNORECASE)
    except re.error as error:
        raise RuleError(f"{place} has a pattern that cannot be understood: {text!r}: {error}") from error


def read_seen(path: Path) -> dict[str, Known]:
    """What was written of pictures that were looked at, by name or, where a file's name ends in one, number."""
    with path.open(encoding="utf-8", newline="") as file:
        rows: Sequence[list[str]] = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return {name: Known("paintings" if text.startswith("painting,") else "photos", (text,)) for name, text in rows}


def name_of(key: str) -> str:
    """The name by which a picture was written of: its number in brackets at the end, or else its file's name."""
    name = re.sub(r"\.(jpg|png)$", "", key.rpartition("/")[2])
    number = re.search(r"\((\d{4,})\)$", name)
    return number[1] if number else name
