from dataclasses import replace

import numpy as np
import pytest

from app.language import parse
from app.query import Query
from app.ranking import Candidates, Ranking, diversify, towards
from app.services import Services


def candidates(scores: list[float], vectors: list[list[float]]) -> Candidates:
    unit = np.array(vectors, np.float32)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    values = np.array(scores, np.float32)
    return Candidates(np.arange(len(scores)), values, values, np.ones(len(scores), np.float32), unit)


def test_of_photos_nearly_alike_one_comes_early_and_the_others_late() -> None:
    alike = candidates([0.9, 0.89, 0.88, 0.86, 0.85, 0.2], [[1, 0], [1, 0.01], [1, 0.02], [0, 1], [1, 1], [1, -1]])
    assert diversify(alike).ids.tolist()[:3] == [0, 3, 4]
    assert sorted(diversify(alike).ids.tolist()) == [0, 1, 2, 3, 4, 5]


def test_diverse_results_keep_what_is_written_and_what_is_not_wanted() -> None:
    some = candidates([0.9, 0.9, 0.9, 0.9], [[1, 0], [0, 1], [-1, 0], [0, -1]])
    weighed = replace(some, worth=np.array([2.0, 0.0, 1.9, 1.0], np.float32))
    assert diversify(weighed).ids.tolist() == [0, 2, 3, 1]


def test_feedback_moves_towards_what_is_right_and_away_from_what_is_wrong() -> None:
    query, middle = np.array([1, 0, 0], np.float32), np.array([0, 0, 1], np.float32)
    right, wrong = np.array([[0, 1, 1]], np.float32), np.array([[0, -1, 1]], np.float32)
    none = np.empty((0, 3), np.float32)
    assert towards(query, right, none, middle) == pytest.approx(np.array([0.8, 0.6, 0]), abs=1e-6)
    assert towards(query, none, wrong, middle) == pytest.approx(np.array([0.9701, 0.2425, 0]), abs=1e-4)
    assert towards(query, none, none, middle) == pytest.approx(query)


@pytest.mark.usefixtures("five_subjects")
def test_photos_that_were_said_to_be_right_or_wrong(services: Services, ids: dict[str, int]) -> None:
    query = Query("a red wall")
    before = [hit.photo.id for hit in services.search(query, 5).hits]
    last, first = before[-1], before[0]
    after = services.search(query, 5, Ranking(like=(last,))).hits
    assert after[0].photo.id == last
    without = services.search(query, 5, Ranking(dislike=(first,))).hits
    assert {hit.photo.id for hit in without} == set(before) - {first}
    assert [hit.photo.id for hit in services.search(query, 5).hits] == before, (
        "nothing is remembered: undo is to leave it out"
    )


def test_by_date_gives_what_matches_newest_first(services: Services) -> None:
    found = services.search(parse("folder:photos"), 5, Ranking(sort="date"))
    assert len(found.hits) == 5
    described = services.search(Query("a wall"), 5, Ranking(sort="date"))
    assert len(described.hits) == described.matches == services.search(Query("a wall"), 5).matches


def test_diverse_results_are_the_same_photos(services: Services) -> None:
    plain, diverse = services.search(Query("colours"), 5), services.search(Query("colours"), 5, Ranking(diverse=True))
    assert {hit.photo.id for hit in plain.hits} == {hit.photo.id for hit in diverse.hits}
