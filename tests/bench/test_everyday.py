"""Everyday queries: rules are read and judge by what people wrote, and the measure counts as it says."""

from pathlib import Path

import numpy as np
import pytest

from bench.everyday_measure import figures_of, measure
from bench.everyday_rules import (
    HIT,
    MISS,
    QUERIES,
    SEEN,
    UNKNOWN,
    Known,
    Query,
    RuleError,
    name_of,
    read_queries,
    read_seen,
)

LIST = r"""
[animals]
leave_out = ["paintings"]
[animals.queries]
"dog in the snow" = {hit = ['dogs?', 'snow\w*'], classes = 'husky', doubt = 'wolf'}
"red car" = {hit = 'red (\w+ )?cars?', agree = 1, leave_out = ['classes']}
"giraffe" = {none = true, doubt = 'zoo'}
"""


@pytest.fixture
def queries(tmp_path: Path) -> dict[str, Query]:
    (tmp_path / "list.toml").write_text(LIST)
    return {query.text: query for query in read_queries(tmp_path / "list.toml")}


def captions(*texts: str) -> Known:
    return Known("captions", texts)


@pytest.mark.parametrize(
    ("query", "picture", "expected"),
    [
        ("dog in the snow", captions("Two dogs in snow", "A Dog, snowy hills", "fun"), HIT),
        ("dog in the snow", captions("Two dogs in snow", "a hill", "fun"), UNKNOWN),  # one caption alone
        ("dog in the snow", captions("a dog", "much snow", "fun"), UNKNOWN),  # only all of them together
        ("dog in the snow", captions("a wolf", "a hill"), UNKNOWN),
        ("dog in the snow", captions("a hotdog", "a dogged snowman"), MISS),  # whole words
        ("dog in the snow", Known("classes", ("husky, sled dog",)), HIT),
        ("dog in the snow", Known("classes", ("teapot",)), MISS),
        ("dog in the snow", Known("photos", ("a dog in the snow",)), HIT),
        ("dog in the snow", Known("paintings", ("painting, dog in the snow",)), UNKNOWN),
        ("dog in the snow", Known("paintings", ("painting, ships",)), UNKNOWN),
        ("red car", captions("a red sports car", "a street", "a man"), HIT),
        ("red car", Known("classes", ("teapot",)), UNKNOWN),
        ("red car", Known("paintings", ("painting, ships",)), MISS),
        ("giraffe", captions("a giraffe", "a giraffe"), MISS),
        ("giraffe", captions("at the zoo", "animals"), UNKNOWN),
    ],
)
def test_what_was_written_of_a_picture_says_whether_it_answers(
    queries: dict[str, Query], query: str, picture: Known, expected: int
) -> None:
    assert queries[query].judge(picture) == expected


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ("{hits = 'a dog'}", "has hits: expected agree, classes"),
        ("{doubt = 'a dog'}", "needs `hit`, `classes` or both, or else `none = true`"),
        ("{hit = 'a dog', none = true}", "needs `hit`, `classes` or both, or else `none = true`"),
        ("{hit = 'a (dog'}", "a pattern that cannot be understood: 'a (dog'"),
        ("{hit = 'a dog', leave_out = ['films']}", "leaves out films: expected some of captions"),
        ("{hit = 'a dog'", "cannot read"),
    ],
)
def test_a_rule_that_cannot_be_understood_is_told(tmp_path: Path, rule: str, reason: str) -> None:
    (tmp_path / "list.toml").write_text(f'[animals.queries]\n"dog" = {rule}\n')
    with pytest.raises(RuleError) as caught:
        read_queries(tmp_path / "list.toml")
    assert reason in str(caught.value)
    assert str(tmp_path / "list.toml") in str(caught.value)


def test_the_shipped_list_is_300_different_queries_and_can_be_read() -> None:
    queries = read_queries(QUERIES)
    assert len({query.text for query in queries}) == len(queries) == 300
    assert 30 <= sum(query.none for query in queries) <= 60
    seen = read_seen(SEEN)
    assert seen["astronaut"].kind == "photos"
    assert seen[name_of("paintings/Irises - Vincent van Gogh (436528).jpg")].kind == "paintings"
    assert name_of("camera/Reconyx HC500 firmware 3.3.0") in seen


def test_precision_counts_what_is_known_with_matches_first(queries: dict[str, Query]) -> None:
    scores = np.array([0.9, 0.8, 0.7, 0.6, 0.5], np.float32)
    truth = np.array([MISS, HIT, UNKNOWN, MISS, HIT], np.int8)
    above = np.array([0.1, 0.4, 0.5, 0.05, 0.2], np.float32)
    matches = np.array([False, True, True, False, False])
    found = measure(queries["dog in the snow"], scores, above, matches, truth)
    assert found.order.tolist() == [1, 2, 4, 0, 3]  # matches by score, then the others
    assert (found.hits, found.judged, found.matched, found.first) == (2, 4, 1, 1.0)
    assert found.precision_at_5 == 1.0  # both hits are among the first five
    assert found.average_precision == pytest.approx((1 / 1 + 2 / 2) / 2)
    assert (found.match_precision, found.match_recall) == (1.0, 0.5)
    assert found.chance_at_5 == pytest.approx(1.0)


def test_a_query_without_a_hit_counts_for_abstaining_alone(queries: dict[str, Query]) -> None:
    scores, truth = np.array([0.9, 0.8], np.float32), np.array([MISS, UNKNOWN], np.int8)
    quiet = measure(queries["giraffe"], scores, scores, np.array([False, True]), truth)
    loud = measure(queries["giraffe"], scores, scores, np.array([True, True]), truth)
    figures = figures_of([quiet, loud])
    assert figures["queries without a hit"] == 2
    assert figures["of those, nothing said to match"] == 0.5
    assert np.isnan(figures["precision@5"])
