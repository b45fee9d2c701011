"""Two encoders beside each other on the photos of a library."""

import pytest

from app.compare import compare
from app.errors import QueryError
from app.services import Services
from clipcore.errors import ClipcoreError


def test_both_look_at_the_same_photos_and_answer_the_same_questions(
    services: Services, tiny_encoders: tuple[str, str]
) -> None:
    told: list[tuple[str, int, int]] = []
    found = compare(services.library, tiny_encoders[0], ["a wall", " ", "a letter"], lambda *what: told.append(what))
    assert found.photos == 5
    assert found.questions == ("a wall", "a letter")
    assert (found.now.dim, found.other.dim) == (services.library.encoder.dim, 32)
    for side in (found.now, found.other):
        assert [len({photo.id for photo in answer}) for answer in side.answers] == [5, 5]
        assert side.bytes_per_photo == 2 * side.dim
        assert side.photos_per_second > 0
        assert side.ms_per_question > 0
    assert found.in_common(0) == 5
    assert told[-1][1:] == (5, 5)


def test_an_encoder_beside_itself_answers_the_same(services: Services) -> None:
    found = compare(services.library, "starter", ["a wall"])
    assert [photo.id for photo in found.now.answers[0]] == [photo.id for photo in found.other.answers[0]]


def test_what_cannot_be_compared_is_said(services: Services) -> None:
    with pytest.raises(QueryError, match="expected an encoder and at least one question"):
        compare(services.library, "starter", ["  "])
    with pytest.raises(ClipcoreError, match="no-such-encoder"):
        compare(services.library, "no-such-encoder", ["a wall"])
