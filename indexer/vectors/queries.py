"""Queries unlike the data, to measure a vector index with: texts, as people search with."""

from clipcore import Encoder
from indexer.vectors.base import Vectors

_SUBJECTS = (
    "a dog", "two children", "an old car", "flowers", "a birthday cake", "mountains", "my grandmother", "a receipt",
    "a sailing boat", "a cat asleep", "a crowded street", "food on a table",
)  # fmt: skip
_SETTINGS = (
    "", "at sunset", "in the snow", "on the beach", "at night", "in black and white", "in the garden", "from above",
    "indoors", "with a red hat",
)  # fmt: skip


def text_like_queries(encoder: Encoder) -> Vectors:
    """Everyday searches as unit vectors (q, dim)."""
    return encoder.encode_texts([f"{subject} {setting}".strip() for subject in _SUBJECTS for setting in _SETTINGS])
