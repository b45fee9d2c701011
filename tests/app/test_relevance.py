import numpy as np
import pytest

from app.background import spread_of
from app.language import parse
from app.photos import stored_vectors
from app.query import Query
from app.ranking import Ranking
from app.relevance import Logistic, above_words_at_large, calibration
from app.services import Services


def test_deviations_are_counted_from_what_words_at_large_score_on_the_same_photo() -> None:
    photos = np.array([[1, 0], [0, 1]], np.float32)
    tags = np.array([[0.1, 0.5], [0.3, 0.7]], np.float32)  # mean .2 and .6, deviation .1 and .1
    found = above_words_at_large(np.array([0.4, 0.4], np.float32), photos, tags)
    assert found == pytest.approx([2, -2], abs=1e-4), "the same score is much on one photo and little on the other"


def test_deviations_are_those_of_numpy() -> None:
    rng = np.random.default_rng(0)
    scores, photos, tags = (rng.normal(size=size).astype(np.float32) for size in ((7,), (7, 24), (30, 24)))
    others = photos @ tags.T
    expected = (scores - others.mean(axis=1)) / others.std(axis=1)
    assert above_words_at_large(scores, photos, tags) == pytest.approx(expected, rel=1e-5)


def test_a_few_matches_hardly_move_the_background() -> None:
    rng = np.random.default_rng(0)
    at_large = rng.normal(0.2, 0.05, 1000).astype(np.float32)
    spread = spread_of(np.concatenate([at_large, np.full(50, 0.9, np.float32)]))
    assert spread.middle == pytest.approx(0.2, abs=0.01)
    assert spread.deviation == pytest.approx(0.05, abs=0.01)


def test_probabilities_rise_with_the_deviation_and_never_overflow() -> None:
    values = Logistic(1.0, -5.0, 0.2)(np.array([-1e9, 0, 5, 10, 1e9], np.float32))
    assert values == pytest.approx([0, 0.0067, 0.5, 0.9933, 1], abs=1e-3)


def test_the_embedded_encoder_has_constants_of_its_own_and_others_borrow_them(services: Services) -> None:
    own = calibration(services.library.encoder.fingerprint)
    assert own.measured
    other = calibration("no such encoder")
    assert not other.measured
    assert other.text == own.text


def test_what_matches_comes_first_and_is_counted(services: Services, ids: dict[str, int]) -> None:
    for query in (parse("many colours"), Query(photos=(ids["a.jpg"],)), parse("colours -people")):
        results = services.search(query, 10)
        cut = services.search._relevance.cut(not query.photos)
        matching = [hit.relevance >= cut for hit in results.hits]
        assert matching == sorted(matching, reverse=True)
        assert sum(matching) == results.matches
        assert all(0 <= hit.relevance <= 1 for hit in results.hits)
        assert results.matches_end == (results.matches if results.matches < len(results.hits) else None)


def test_a_picture_of_the_query_matches_and_nonsense_does_not(services: Services, folder: object) -> None:
    results = services.search(parse("a steam locomotive at a station"), 5)
    assert results.matches == results.matches_end == 0, "blocks of colour are no locomotive"
    assert len(services.search(parse("folder:sub"), 5).hits) == services.search(parse("folder:sub"), 5).matches == 2


def test_min_relevance_leaves_out_what_is_less_relevant(services: Services) -> None:
    every = services.search(Query("a wall"), 10).hits
    least = sorted(hit.relevance for hit in every)[2]
    kept = services.search(Query("a wall"), 10, Ranking(min_relevance=least)).hits
    assert {hit.photo.id for hit in kept} == {hit.photo.id for hit in every if hit.relevance >= least}
    assert services.search(Query("a wall"), 10, Ranking(min_relevance=1.0)).hits == []


def test_photos_that_are_not_wanted_are_less_relevant(services: Services) -> None:
    before = {hit.photo.id: hit.relevance for hit in services.search(Query("a wall"), 10).hits}
    after = {hit.photo.id: hit.relevance for hit in services.search(parse("a wall -(a wall)"), 10).hits}
    assert after == pytest.approx({i: r * (1 - r) for i, r in before.items()}, abs=1e-6)


def test_what_does_not_match_is_in_the_order_of_what_it_scores_above_words_at_large(services: Services) -> None:
    otherwise = []
    for absent in ("a steam locomotive at a station", "a dog on the beach", "a bride", "a plate of pasta"):
        hits = services.search(parse(absent), 10).hits
        scores = [hit.score or 0.0 for hit in hits]
        vectors = stored_vectors(services.library, [hit.photo.id for hit in hits])[1]
        above = services.search._relevance.above(np.array(scores, np.float32), vectors).tolist()
        assert np.diff(above).max() < 1e-4
        otherwise.append(scores != sorted(scores, reverse=True))
    assert any(otherwise), "by the score, what is near to every word would come first"


def test_photos_are_looked_for_where_a_text_says_more_than_words_at_large(services: Services) -> None:
    relevance, encoder = services.search._relevance, services.library.encoder
    text = encoder.encode_texts(["a steam locomotive"])[0]
    photos = np.random.default_rng(0).normal(size=(50, encoder.dim)).astype(np.float32)
    above = photos @ text - (photos @ relevance._tags.T).mean(axis=1)
    aim = relevance.aim(text)
    assert float(np.linalg.norm(aim)) == pytest.approx(1, abs=1e-5)
    assert np.argsort(-(photos @ aim)).tolist() == np.argsort(-above).tolist()
