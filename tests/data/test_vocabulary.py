import gzip
from pathlib import Path

VOCABULARY = Path(__file__).parents[2] / "data" / "vocabularies" / "everyday.txt"


def test_a_thousand_distinct_clean_tags() -> None:
    tags = VOCABULARY.read_text("utf-8").splitlines()
    assert len(tags) == 1000
    assert len({tag.casefold() for tag in tags}) == 1000
    assert all(tag == " ".join(tag.split()) and 2 <= len(tag) <= 40 for tag in tags)


def test_five_thousand_tags_in_groups_two_levels_deep() -> None:
    table = gzip.decompress((VOCABULARY.parent / "broad.tsv.gz").read_bytes()).decode()
    rows = [line.split("\t") for line in table.splitlines()]
    parents = {tag: parent for tag, _, parent, _ in rows}
    assert len(rows) == len(parents) == 5000
    assert {"animals", "places", "objects", "activities", "colours", "moods", "style"} <= {
        group for _, group, *_ in rows
    }
    assert all(parent == "" or parents[parent] == "" for parent in parents.values())
    assert parents["Great Dane"] == "dog" and parents["crimson"] == "red"
    assert all(0 <= float(familiar) <= 5.25 for *_, familiar in rows)
    assert not {"bitch", "slave", "gypsy", "savage", "criminal", "murderer", "addict", "corpse"} & set(parents)
