"""The address of the search page holds the whole question, and bears whatever else stands in it."""

from hypothesis import given
from hypothesis import strategies as st

from app.ranking import Ranking
from app.ui.question import UNCHANGED, Question, photos_asked_with, similar_to

ids = st.lists(st.integers(1, 10**8), max_size=5, unique=True).map(tuple)
rankings = st.builds(
    Ranking,
    st.integers(0, 100).map(lambda n: n / 100),
    st.sampled_from(["relevance", "date"]),
    st.booleans(),
    ids,
    ids,
    st.booleans(),
)


@given(st.text(max_size=50), rankings)
def test_an_address_holds_the_whole_question(text: str, ranking: Ranking) -> None:
    question = Question(text, ranking)
    assert Question.of_address(question.address()) == question


@given(st.dictionaries(st.sampled_from(["q", "sort", "diverse", "min", "like", "dislike", "other"]), st.text()))
def test_an_address_that_anyone_wrote_is_read_as_far_as_it_can_be(parameters: dict[str, str]) -> None:
    ranking = Question.of_address(parameters).ranking
    assert 0 <= ranking.min_relevance <= 1
    assert len(ranking.like) <= 100


def test_feedback_is_taken_back_by_saying_it_again_and_turned_by_the_contrary() -> None:
    question = Question("a cat").said(3, True).said(5, False)
    assert (question.ranking.like, question.ranking.dislike) == ((3,), (5,))
    assert question.said(3, False).ranking.dislike == (5, 3)
    assert question.said(3, True).said(5, False).ranking == UNCHANGED


def test_copies_are_one_result_unless_the_address_says_otherwise() -> None:
    assert Question.of_address({"q": "a cat"}).ranking.fold
    assert not Question.of_address({"q": "a cat", "fold": "0"}).ranking.fold
    assert Question("a cat").address() == {"q": "a cat"}


def test_similar_photos_are_asked_for_in_the_query_language() -> None:
    question = similar_to(12)
    assert question.address() == {"q": "photo:12"}
    query = question.query()
    assert query is not None and photos_asked_with(query) == [12]
