"""The second stage: pairs worth having. Each that is not is counted by the first reason found."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from clipcore.errors import ImageError
from clipcore.pairs.language import check_languages, in_languages
from clipcore.pairs.pair import Pair
from clipcore.pairs.parts import PAIRS, Counted, pairs_of
from clipcore.pairs.pictures import Limits, Seen, look
from clipcore.pairs.skipped import Skipped
from clipcore.pairs.stages import Stage, Workers

_SIZES, _SIGNATURES = ("width", "height"), ("content", "looks", "colours")
FILTERED = pa.schema(  # what is seen in a picture is null for URLs
    [*PAIRS, *((name, pa.int32()) for name in _SIZES), *((name, pa.uint64()) for name in _SIGNATURES)]
)


@dataclass(frozen=True)
class Filters:
    """What a pair must be like.

    Attributes:
        languages: ISO 639-1 codes; any language when empty.
        min_words, max_words: of a caption; those outside are dropped, the pair with its last one.
        max_characters: of a caption.
        min_side: pixels of the shorter side.
        max_aspect: longer side over shorter side.
        limits: what is decoded at all.
    """

    languages: tuple[str, ...] = ()
    min_words: int = 2
    max_words: int = 256
    max_characters: int = 2_000
    min_side: int = 64
    max_aspect: float = 4.0
    limits: Limits = field(default_factory=Limits)


def keep_good(source: Path, out: Path, filters: Filters, workers: Workers | None = None) -> Counted:
    """Filters the parts of `source` into `out`; pictures that are only known by URL are judged by their captions.

    Raises:
        PairsError: a language that is not known, or a part that cannot be read or written.
    """
    check_languages(filters.languages)
    stage = Stage("filter", out, asdict(filters) | {"languages": list(filters.languages)})
    return stage.transform(source, partial(_keep, filters), workers or Workers())


def _keep(filters: Filters, table: pa.Table) -> tuple[pa.Table, Skipped]:
    rows: list[dict[str, Any]] = []
    skipped = Skipped()
    for row, pair in zip(table.to_pylist(), pairs_of(table), strict=True):
        try:
            captions = _good_captions(filters, pair.captions)
            rows.append(row | {"captions": captions} | _good_picture(filters, pair))
        except _Refused as refused:
            skipped.add(str(refused), pair.key)
    return pa.Table.from_pylist(rows, schema=FILTERED), skipped


class _Refused(Exception):
    """Why a pair is not kept."""


def _good_captions(filters: Filters, captions: Sequence[str]) -> list[str]:
    """Those that pass all tests; refused for the reason of the one that came furthest."""
    long_enough = [text for text in captions if len(text.split()) >= filters.min_words]
    if not long_enough:
        raise _Refused(f"captions under {filters.min_words} words")
    short_enough = [text for text in long_enough if _short_enough(filters, text)]
    if not short_enough:
        raise _Refused(f"captions over {filters.max_words} words or {filters.max_characters} characters")
    if not filters.languages:
        return short_enough
    good = [text for text in short_enough if in_languages(text, filters.languages)]
    if not good:
        raise _Refused("captions in another language")
    return good


def _short_enough(filters: Filters, text: str) -> bool:
    return len(text) <= filters.max_characters and len(text.split()) <= filters.max_words


def _good_picture(filters: Filters, pair: Pair) -> dict[str, Any]:
    """What is to be remembered of the picture."""
    if pair.picture is None:
        return {}
    seen = _seen(pair, filters.limits)
    short, long = sorted((seen.width, seen.height))
    if short < filters.min_side:
        raise _Refused(f"pictures under {filters.min_side} pixels")
    if long > filters.max_aspect * short:
        raise _Refused(f"pictures longer than {filters.max_aspect:g} to 1")
    return vars(seen)


def _seen(pair: Pair, limits: Limits) -> Seen:
    try:
        encoded = pair.encoded
    except ImageError as error:
        raise _Refused("pictures that are gone") from error
    try:
        return look(encoded, limits)
    except ImageError as error:
        raise _Refused("pictures that cannot be decoded") from error
