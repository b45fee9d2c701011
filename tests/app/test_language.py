"""The query language: what is read, that it is written back the same, and that nothing but a QueryError comes of it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import QueryError
from app.filters import Filter
from app.language import _read, parse
from app.query import MAX_TEXT, Part, Query

PIECES = ("a", "-", '"', "(", ")", "^", "2", ".5", " ", "\\", ":", "photo:1", "date:2019", "folder:x y", "“", "”", "\n")
LINES = st.lists(st.sampled_from(PIECES) | st.characters(), max_size=14).map("".join)


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("a dog  on the\nbeach", Query("a dog on the beach")),
        ("it's a T-shirt - or 3:15, no?", Query("it's a T-shirt - or 3:15, no?")),
        ("dog beach^2 sand", Query("dog sand", weighted=(Part("beach", 2),))),
        ("(a red  ball)^0.5 (x)", Query(weighted=(Part("a red ball", 0.5), Part("x")))),
        ("beach -people^2 -(red car)", Query("beach", minus=(Part("people", 2), Part("red car")))),
        ("photo:12 PHOTO:7^2 -photo:3", Query(photos=(12,), weighted=(Part(7, 2),), minus=(Part(3),))),
        ('"birthday cake" -“draft”', Query(exact=("birthday cake",), without=("draft",))),
        (
            'x Date:2019..2021-06 -folder:"My Pictures"',
            Query("x", filters=(Filter("date", "2019..2021-06"), Filter("folder", "My Pictures", negated=True))),
        ),
        (r"\-x foo\:bar \"q\" \(p\) 2\^3 a\\b", Query(r'-x foo:bar "q" (p) 2^3 a\b')),
    ],
)
def test_reads(text: str, query: Query) -> None:
    assert parse(text) == query
    assert parse(str(query)) == query


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ('dog "abc', 4, "a quotation mark that no other closes"),
        ("a (b", 2, "a bracket that is not closed"),
        ("a ((b))", 2, "within another"),
        ("a b)", 3, "a bracket that was not opened"),
        ("a ^2", 2, "a weight"),
        ("a^b", 1, "a weight"),
        ("dog^0", 3, "a weight is above 0 and at most 10"),
        ("dog^11", 3, "a weight is above 0 and at most 10"),
        ("a colr:red", 2, "no filter colr: expected one of date, folder"),
        ("a date:2019-13", 7, "date: no such date; got '2019-13'"),
        ("a date:2021..2019", 7, "date: a range that ends before it begins: 2019..2021 is meant"),
        ("a -orientation:wide", 15, "orientation: expected portrait|landscape|square"),
        ("a\\", 1, "expected a character behind"),
        ("a --b", 3, "expected words"),
        ('a ""', 2, "no words between"),
        ("photo:99999999999", 0, "no photo has the id 99999999999"),
        ("a \0", 2, "not a character of any text"),
        ("\ud800", 0, "not a character of any text"),
    ],
)
def test_a_fault_is_pointed_at(text: str, position: int, message: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse(text)
    assert message in str(caught.value)
    assert caught.value.position == position
    assert caught.value.pointer.splitlines()[1] == " " * position + "^"
    assert str(caught.value).endswith(f"(character {position + 1})")


@pytest.mark.parametrize("text", ["", " \n", "()"])
def test_nothing_is_refused(text: str) -> None:
    with pytest.raises(QueryError, match="nothing"):
        parse(text)


def test_too_much_is_refused() -> None:
    with pytest.raises(QueryError, match="the limit is 2,000"):
        parse("x" * (MAX_TEXT + 1))
    with pytest.raises(QueryError, match="the limit is 100"):
        parse("(x)" * 101)


@settings(max_examples=400, deadline=None, database=None)
@given(LINES)
def test_any_line_is_a_query_that_is_written_back_or_a_query_error(line: str) -> None:
    try:
        query = parse(line)
    except QueryError as error:
        assert "\n" not in str(error)
        return
    assert parse(str(query)) == query
    assert str(parse(str(query))) == str(query)


@settings(max_examples=200, deadline=None, database=None)
@given(st.text(st.sampled_from("ab 2\n\t\x1f\x85\u00a0\u2028") | st.characters(exclude_categories=["Cs"]), min_size=1))
def test_words_alone_are_read_as_by_the_grammar(line: str) -> None:
    line = "".join(character for character in line if character not in '\0-"“”()^\\:')
    if line.strip():
        assert parse(line) == _read(line)


@settings(max_examples=100, deadline=None, database=None)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40))
def test_any_description_can_be_written(text: str) -> None:
    if text.strip():
        assert parse(str(Query(text))) == Query(text)
