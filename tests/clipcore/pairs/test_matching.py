import random
from pathlib import Path

import pyarrow.parquet

from clipcore.pairs.candidates import gather
from clipcore.pairs.matching import Matcher, match_queries
from clipcore.pairs.parts import list_parts
from clipcore.pairs.words import words_of


def test_whole_words_alone_overlapping_ones_too() -> None:
    matcher = Matcher(["dog", "hot dog", "dog house", "a", "o", "the"])
    assert [matcher.queries[n] for n in matcher.match(["A hot DOG-house!"])] == ["dog", "hot dog", "dog house", "a"]
    assert matcher.match(["hotdog doghouse"]) == []
    assert matcher.match(["a", "the dog"]) == [0, 3, 5]
    assert matcher.match([]) == []


def test_the_same_as_looking_for_each_query_in_turn() -> None:
    rng = random.Random(0)
    words = ["a", "ab", "abc", "b", "ba", "c", "cab", "über", "naïve", "7"]
    queries = list(dict.fromkeys(" ".join(rng.choices(words, k=rng.randint(1, 3))) for _ in range(200)))
    matcher = Matcher(queries)
    for _ in range(200):
        text = " ".join(rng.choices([*words, "zz", "abz"], k=rng.randint(0, 12)))
        spaced = f" {' '.join(words_of(text))} "
        assert matcher.match([text]) == [n for n, query in enumerate(queries) if f" {query} " in spaced]


def test_the_stage_adds_queries_and_drops_what_none_matches(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("url,caption\nu1,a big dog\nu2,nothing here\nu3,the cat and the dog\n")
    (tmp_path / "q.txt").write_text("dog\ncat\nbig dog\n")
    gather([tmp_path / "t.csv"], tmp_path / "in")
    counted = match_queries(tmp_path / "in", tmp_path / "out", tmp_path / "q.txt")
    rows = pyarrow.parquet.read_table(list_parts(tmp_path / "out")[0]).to_pylist()
    assert [(row["url"], row["queries"]) for row in rows] == [("u1", [0, 2]), ("u3", [0, 1])]
    assert counted.skipped.counts == {"captions that no query matches": 1}
    (tmp_path / "q.txt").write_text("nothing\n")
    assert match_queries(tmp_path / "in", tmp_path / "out", tmp_path / "q.txt").kept == 1
