from pathlib import Path

VOCABULARY = Path(__file__).parents[2] / "data" / "vocabularies" / "everyday.txt"


def test_a_thousand_distinct_clean_tags() -> None:
    tags = VOCABULARY.read_text("utf-8").splitlines()
    assert len(tags) == 1000
    assert len({tag.casefold() for tag in tags}) == 1000
    assert all(tag == " ".join(tag.split()) and 2 <= len(tag) <= 40 for tag in tags)
