import json
from pathlib import Path

import pytest

from clipcore.errors import PromptError
from clipcore.prompts import check_labels, load_templates, read_class_names, read_descriptions, read_labels
from clipcore.zeroshot import DEFAULT_TEMPLATES


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_the_published_sets() -> None:
    """The set of section 3.1.4 has 80 templates; `notebooks/Prompt_Engineering_for_ImageNet.ipynb` lists them."""
    openai = load_templates("openai")
    assert (len(openai), openai[0], openai[-1]) == (80, "a bad photo of a {}.", "a tattoo of the {}.")
    assert load_templates("simple") == (
        "itap of a {}.",
        "a bad photo of the {}.",
        "a origami {}.",
        "a photo of the large {}.",
        "a {} in a video game.",
        "art of the {}.",
        "a photo of the small {}.",
    )
    assert load_templates("default") == DEFAULT_TEMPLATES


def test_own_templates(tmp_path: Path) -> None:
    path = written(tmp_path / "t.txt", "\ufeffa photo of a {}, a breed of cat\r\n{} {0} {{}\n\n")
    assert load_templates(str(path)) == ("a photo of a {}, a breed of cat", "{} {0} {{}")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("a photo of a {}\na photo\n", r"t\.txt line 2: 'a photo' has no \{\}"),
        ("{}\n\n{}\n", r"t\.txt line 2: '' has no \{\}"),
        (b"\xff{}", r"t\.txt is not UTF-8 text: byte 0 is 0xff"),
        ("", r"t\.txt has no templates"),
    ],
)
def test_templates_that_are_none(content: str | bytes, says: str, tmp_path: Path) -> None:
    with pytest.raises(PromptError, match=says):
        load_templates(str(written(tmp_path / "t.txt", content)))


def test_an_unknown_set() -> None:
    with pytest.raises(PromptError, match="no templates 'imagenet': expected default, openai, simple or a text file"):
        load_templates("imagenet")


def test_labels(tmp_path: Path) -> None:
    assert read_labels(written(tmp_path / "a.txt", "cat\n hot dog \nKöter\n\n")) == ("cat", "hot dog", "Köter")
    assert read_labels(written(tmp_path / "a.json", json.dumps({"n1": "tench", "n2": "eel"}))) == ("tench", "eel")


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        (["cat", " ", "dog"], "here: label 2 is empty"),
        (["cat", "dog", "cat"], "here: label 3, 'cat', repeats label 1"),
        (["hot dog", "Hot  Dog"], "here: label 2, 'Hot  Dog', repeats label 1"),
        ([], "here: no labels"),
    ],
)
def test_labels_that_are_none(labels: list[str], says: str) -> None:
    with pytest.raises(PromptError) as caught:
        check_labels(labels, "here")
    assert str(caught.value) == says


@pytest.mark.parametrize("content", ["[1]", '{"a": 1}', "{", "\ufeff"])
def test_a_json_file_that_is_no_map(content: str, tmp_path: Path) -> None:
    with pytest.raises(PromptError, match=r"a\.json") as caught:
        read_labels(written(tmp_path / "a.json", content))
    assert "\n" not in str(caught.value)


def test_class_names_of_folders(tmp_path: Path) -> None:
    folders = ["n01", "n02"]
    assert read_class_names(written(tmp_path / "a.txt", "tench\ngoldfish\n"), folders) == ("tench", "goldfish")
    names = {"n02": "goldfish", "n01": "tench", "n99": "not here"}
    assert read_class_names(written(tmp_path / "a.json", json.dumps(names)), folders) == ("tench", "goldfish")
    with pytest.raises(PromptError, match="has 2 lines for 3 classes"):
        read_class_names(tmp_path / "a.txt", ["a", "b", "c"])
    with pytest.raises(PromptError, match="has no name for 'n03' and 1 more"):
        read_class_names(tmp_path / "a.json", ["n01", "n03", "n04"])


def test_descriptions_of_folders(tmp_path: Path) -> None:
    content = json.dumps({"n02": ["a small orange fish", "a goldfish, a kind of carp"], "n99": ["not here"]})
    path = written(tmp_path / "a.json", content)
    assert read_descriptions(path, ["n01", "n02"]) == ((), ("a small orange fish", "a goldfish, a kind of carp"))
    with pytest.raises(PromptError, match="describes none of the 1 classes, as 'n05'"):
        read_descriptions(path, ["n05"])


@pytest.mark.parametrize("content", ['{"n01": "a fish"}', '{"n01": [1]}', '{"n01": [" "]}', "[]", "{"])
def test_descriptions_that_are_none(content: str, tmp_path: Path) -> None:
    with pytest.raises(PromptError, match=r"a\.json") as caught:
        read_descriptions(written(tmp_path / "a.json", content), ["n01"])
    assert "\n" not in str(caught.value)
