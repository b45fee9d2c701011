import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clipcore import load_encoder
from clipcore.evaluation.classification import evaluate_classification
from clipcore.evaluation.retrieval import evaluate_retrieval
from clipcore.zeroshot import class_vectors
from tests.clipcore.commands.conftest import RunCommand

CLASSES = ("grey_wolf", "hot-dog", "tench")


def noise(path: Path, seed: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    blocks = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    Image.fromarray(blocks).resize((64, 64)).save(path)
    return path


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """Four pictures in each of three folders."""
    for i, name in enumerate(CLASSES):
        for j in range(4):
            noise(tmp_path / "labelled" / name / f"{j}.png", 10 * i + j)
    return tmp_path / "labelled"


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """Six pictures with two captions each, in a table."""
    rows = ["path,caption"]
    for i in range(6):
        noise(tmp_path / "pairs" / f"{i}.png", i)
        rows += [f"{i}.png,caption {i}", f"{i}.png,another one for {i}"]
    (tmp_path / "pairs" / "table.csv").write_text("\n".join(rows))
    return tmp_path / "pairs" / "table.csv"


def test_retrieval_of_a_table(command: RunCommand, small_bundle: Path, pairs: Path) -> None:
    result = command("evaluate", small_bundle, "--pairs", pairs, "--json")
    values = json.loads(result.out)
    encoder = load_encoder(small_bundle)
    images = encoder.encode_images([pairs.parent / f"{i}.png" for i in range(6)])
    texts = encoder.encode_texts([text for i in range(6) for text in (f"caption {i}", f"another one for {i}")])
    wanted = evaluate_retrieval(images, texts, np.arange(12) // 2)
    assert (result.status, values["fingerprint"]) == (0, encoder.fingerprint)
    assert (values["retrieval"]["images"], values["retrieval"]["texts"]) == (6, 12)
    assert values["retrieval"]["text_to_image"]["recall@5"] == wanted.text_to_image.recall[5]
    assert values["retrieval"]["image_to_text"]["median_rank"] == wanted.image_to_text.median_rank


def test_classification_asks_as_told(command: RunCommand, small_bundle: Path, labelled: Path, tmp_path: Path) -> None:
    names = {"grey_wolf": "timber wolf", "hot-dog": "frankfurter", "tench": "fish"}
    (tmp_path / "names.json").write_text(json.dumps(names))
    (tmp_path / "templates.txt").write_text("one {}\n{} two\n")
    options = ("--templates", tmp_path / "templates.txt", "--class-names", tmp_path / "names.json", "--json")
    values = json.loads(command("evaluate", small_bundle, "--labelled", labelled, *options).out)["classification"]

    encoder = load_encoder(small_bundle)
    images = encoder.encode_images(sorted(labelled.rglob("*.png")))
    classes = class_vectors(encoder, list(names.values()), ["one {}", "{} two"])
    wanted = evaluate_classification(images, classes, np.arange(12) // 4)
    assert (values["images"], values["classes"], values["top5"], values["unreadable"]) == (12, 3, None, 0)
    assert (values["top1"], values["mean_per_class_recall"]) == (wanted.top1, wanted.mean_per_class_recall)


def test_classes_are_asked_as_they_are_described(
    command: RunCommand, small_bundle: Path, labelled: Path, tmp_path: Path
) -> None:
    (tmp_path / "kinds.json").write_text(json.dumps({"tench": ["a freshwater fish", "a tench, a kind of carp"]}))
    told = command(
        "evaluate", small_bundle, "--labelled", labelled, "--descriptions", tmp_path / "kinds.json", "--json"
    )
    values = json.loads(told.out)["classification"]

    encoder = load_encoder(small_bundle)
    images = encoder.encode_images(sorted(labelled.rglob("*.png")))
    further = [(), (), ("a freshwater fish", "a tench, a kind of carp")]
    classes = class_vectors(encoder, ["grey wolf", "hot dog", "tench"], descriptions=further)
    assert values["top1"] == evaluate_classification(images, classes, np.arange(12) // 4).top1
    assert values["described"] == 1


def test_a_linear_probe_of_a_bundle_says_what_it_sees(command: RunCommand, small_bundle: Path, labelled: Path) -> None:
    result = command("evaluate", small_bundle, "--probe-train", labelled, "--probe-test", labelled, "--json")
    values = json.loads(result.out)["linear_probe"]
    assert result.status == 0
    assert result.err == "small has only its embeddings for a linear probe, not what comes before them\n"
    assert values["features"] == "embeddings"
    assert values["images"] == 12 and 0 <= values["top1"] <= 1
    assert np.log10(values["C"]) * 8 == pytest.approx(round(np.log10(values["C"]) * 8))


def test_a_report_for_people(
    command: RunCommand, small_bundle: Path, pairs: Path, labelled: Path, tmp_path: Path
) -> None:
    out = tmp_path / "report"
    result = command("evaluate", small_bundle, "--pairs", pairs, "--labelled", labelled, "--out", out)
    assert result.status == 0
    assert sorted(path.name for path in out.iterdir()) == [
        "confusion.png",
        "mistakes.html",
        "recall.png",
        "results.json",
    ]
    values = json.loads((out / "results.json").read_text())
    assert f"{values['classification']['top1']:.4g}" in result.out and "median_rank" in result.out
    page = (out / "mistakes.html").read_text()
    assert "grey wolf" in page and "data:image/jpeg;base64," in page


def test_part_of_a_data_set(command: RunCommand, small_bundle: Path, labelled: Path) -> None:
    for options in ((f"{labelled}@tench/",), (labelled, "--only", "tench/")):
        result = command("evaluate", small_bundle, "--json", "--labelled", *options)
        assert json.loads(result.out)["classification"]["images"] == 4


def test_unreadable_pictures_are_left_out_and_named(command: RunCommand, small_bundle: Path, labelled: Path) -> None:
    (labelled / "tench" / "2.png").write_bytes(b"no picture")
    result = command("evaluate", small_bundle, "--labelled", labelled, "--json")
    values = json.loads(result.out)["classification"]
    assert (result.status, values["images"], values["unreadable"]) == (1, 11, 1)
    assert result.err.count("\n") == 1 and result.err.startswith("left out: ") and "tench/2.png" in result.err


@pytest.mark.parametrize(
    ("options", "status", "says"),
    [
        ([], 2, "nothing to measure on"),
        (["--probe-train", "LABELLED"], 2, "needs both --probe-train and --probe-test"),
        (["--labelled", "absent"], 2, "no data set absent"),
        (["--labelled", "LABELLED", "--templates", "absent"], 2, "no templates 'absent'"),
        (["--labelled", "LABELLED", "--class-names", "NAMES"], 2, "has 1 lines for 3 classes"),
        (["--labelled", "LABELLED@none/"], 1, "has no labelled pictures"),
        (["--pairs", "LABELLED"], 1, "has no captioned pictures"),
        (["--probe-train", "LABELLED@hot-dog", "--probe-test", "LABELLED"], 1, "has classes that the training"),
        (["--probe-train", "LABELLED@hot-dog", "--probe-test", "LABELLED@hot-dog"], 1, "at least two classes"),
    ],
)
def test_what_cannot_be_measured_is_one_line(
    options: list[str], status: int, says: str, command: RunCommand, small_bundle: Path, labelled: Path, tmp_path: Path
) -> None:
    (tmp_path / "names.txt").write_text("only one\n")
    places = {"LABELLED": labelled, "NAMES": tmp_path / "names.txt"}
    given = [
        next((option.replace(name, str(path)) for name, path in places.items() if name in option), option)
        for option in options
    ]
    result = command("evaluate", small_bundle, *given)
    assert (result.status, result.out) == (status, "")
    assert says in result.err.splitlines()[-1]
