import gzip
import math
from pathlib import Path

import pytest

from clipcore.errors import PairsError
from clipcore.pairs.queries import QueryRules, build_queries, read_queries, write_queries
from clipcore.pairs.wordnet import read_lemmas
from clipcore.pairs.words import words_of


def test_words_bigrams_titles_and_synsets_in_that_order(tmp_path: Path) -> None:
    lines = ["The New York taxi."] * 30 + ["the dog, the cat"] * 60 + ["new taxi the york"] * 5 + ["rare bird"] * 3
    (tmp_path / "corpus.txt").write_text("\n".join(lines))
    rules = QueryRules(min_count=20, min_pmi=1.0)
    built = build_queries([tmp_path / "corpus.txt"], ["Eiffel Tower", "The dog"], ["hot dog", "cat"], rules)
    words = ("the", "dog", "cat", "new", "york", "taxi")
    assert built.queries == (*words, "new york", "york taxi", "eiffel tower", "the dog", "hot dog")
    assert built.counts == {"words": 6, "bigrams": 2, "titles": 2, "WordNet": 1}
    total, york, new = 30 * 4 + 60 * 4 + 5 * 4 + 3 * 2, 35, 35
    assert math.log(30 * total / (york * new)) >= 1.0 > math.log(60 * total / (185 * 60))  # "the dog" is no bigram


def test_a_gzipped_corpus_and_a_limit(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "corpus.txt.gz", "wt", encoding="utf-8") as file:
        file.write("a b c d e\n" * 3 + "a b\n")
    built = build_queries([tmp_path / "corpus.txt.gz"], rules=QueryRules(min_count=3, min_pmi=-9, most=6))
    assert built.queries[:2] == ("a", "b") and len(built.queries) == 6


def test_rare_words_alone_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "corpus.txt").write_text("a dog")
    with pytest.raises(PairsError, match="no word occurs 100 times; --min-count"):
        build_queries([tmp_path / "corpus.txt"])
    (tmp_path / "corpus.txt").write_bytes(b"caf\xe9")
    with pytest.raises(PairsError, match="cannot read .*corpus.txt as text in UTF-8"):
        build_queries([tmp_path / "corpus.txt"])


def test_wordnet_in_the_layout_of_princeton(tmp_path: Path) -> None:
    head = "  1 This software and database is being provided to you, the LICENSEE, by  \n  2 Princeton University\n"
    (tmp_path / "index.noun").write_text(
        head + "hot_dog n 3 3 @ ~ + 3 0 07692887 10183157 07676602  \nzebra n 1 3 @ ~ #m 1 0 02391049  \n"
    )
    (tmp_path / "index.verb").write_text(head + "run v 41 6 @ ~ * > $ + 41 28 01926311  \n")
    assert list(read_lemmas(tmp_path)) == ["hot dog", "zebra", "run"]
    with pytest.raises(PairsError, match="is no WordNet database: expected index.noun"):
        list(read_lemmas(tmp_path / "none"))


def test_debians_wordnet_where_it_is_installed() -> None:
    folder = Path("/usr/share/wordnet")
    if not (folder / "index.noun").exists():
        pytest.skip("no wordnet-base")
    assert {"hot dog", "zebra", "run"} <= set(read_lemmas(folder))


def test_a_query_file_is_normalised_and_read_once_each(tmp_path: Path) -> None:
    write_queries(["Hot Dog!", "hot dog", "", "zebra"], tmp_path / "sub" / "q.txt")
    assert read_queries(tmp_path / "sub" / "q.txt") == ("hot dog", "zebra")
    (tmp_path / "empty.txt").write_text("\n!!\n")
    with pytest.raises(PairsError, match="holds no query"):
        read_queries(tmp_path / "empty.txt")


def test_words() -> None:
    assert words_of("The dog’s 2 balls, a_b & naïve-café!") == ["the", "dog's", "2", "balls", "a", "b", "naïve", "café"]
