"""Kinds below what they are kinds of: dog, then which dog."""

from collections.abc import Sequence

import numpy as np

from app.vocabularies import Tag
from indexer.vectors.base import Vectors


def families(tags: Sequence[Tag]) -> dict[int, list[int]]:
    """For each tag that is no other's kind, by its place: the places of its kinds, and of kinds of these."""
    places = {tag.text: i for i, tag in enumerate(tags)}
    below: dict[int, list[int]] = {i: [] for i, tag in enumerate(tags) if tag.parent not in places}
    for i in range(len(tags)):
        top = i
        while tags[top].parent in places:
            top = places[tags[top].parent]
        if top != i:
            below[top].append(i)
    return below


def together(likely: Vectors, below: dict[int, list[int]]) -> Vectors:
    """How probably each family holds (photos, families), from how probably each tag does (photos, tags).

    A photo shows a dog when it shows a dog or any of the dogs below, which are taken as if they were independent.
    """
    of_each = [1 - np.prod(1 - likely[:, [place, *kinds]], axis=1) for place, kinds in below.items()]
    result: Vectors = np.stack(of_each, axis=1)
    return result
