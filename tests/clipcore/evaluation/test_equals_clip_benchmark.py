"""The same embeddings give the same numbers as LAION's CLIP_benchmark, to its last digit (float32 for recall).

Its package brings many others along, so it is no requirement: ``pip install --no-deps clip-benchmark==1.6.2`` runs
the comparison; what it gave for the first case is written down below and always checked.
"""

import numpy as np
import pytest
import torch

from clipcore.evaluation.classification import Classification, evaluate_classification
from clipcore.evaluation.retrieval import Retrieval, evaluate_retrieval
from tests.clipcore.evaluation.vectors import captioned, normalised, unit

RETRIEVAL_1_6_2 = {
    "image_retrieval_recall@1": 0.5203425884246826,
    "image_retrieval_recall@5": 0.8886509537696838,
    "image_retrieval_recall@10": 0.95931476354599,
    "text_retrieval_recall@1": 0.6650000214576721,
    "text_retrieval_recall@5": 0.9200000166893005,
    "text_retrieval_recall@10": 0.9750000238418579,
}
CLASSIFICATION_1_6_2 = {"acc1": 0.798, "acc5": 0.992, "mean_per_class_recall": 0.7549957232582536}

WHY = "pip install --no-deps clip-benchmark==1.6.2"


def retrieval(count: int, dim: int, noise: float) -> Retrieval:
    return evaluate_retrieval(*captioned(count, dim, noise))


def labelled(count: int, classes: int, noise: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    names = unit(classes, 24, 3)
    labels = np.random.default_rng(4).choice(classes, count, p=np.arange(1, classes + 1) / sum(range(classes + 1)))
    return normalised(names[labels] + noise * unit(count, 24, 5)), names, labels


def recalls(result: Retrieval) -> dict[str, float]:
    """In CLIP_benchmark's words."""
    directions = {"image_retrieval": result.text_to_image, "text_retrieval": result.image_to_text}
    return {f"{name}_recall@{k}": share for name, d in directions.items() for k, share in d.recall.items()}


def accuracies(result: Classification) -> dict[str, float | None]:
    return {"acc1": result.top1, "acc5": result.top5, "mean_per_class_recall": result.mean_per_class_recall}


def test_what_it_gave() -> None:
    assert recalls(retrieval(200, 16, 1.2)) == pytest.approx(RETRIEVAL_1_6_2, rel=1e-7)
    assert accuracies(evaluate_classification(*labelled(500, 30, 1.5))) == pytest.approx(
        CLASSIFICATION_1_6_2, rel=1e-15
    )


@pytest.mark.parametrize(("count", "dim", "noise"), [(200, 16, 1.2), (333, 8, 0.7), (11, 64, 9.0)])
def test_retrieval(count: int, dim: int, noise: float) -> None:
    benchmark = pytest.importorskip("clip_benchmark.metrics.zeroshot_retrieval", reason=WHY)
    images, texts, owners = (torch.from_numpy(array) for array in captioned(count, dim, noise))
    scores = texts @ images.t()
    positive = torch.zeros_like(scores, dtype=torch.bool)
    positive[torch.arange(len(scores)), owners] = True
    theirs = {}
    for k in (1, 5, 10):
        for name, s, p in (("image_retrieval", scores, positive), ("text_retrieval", scores.T, positive.T)):
            found = benchmark.batchify(benchmark.recall_at_k, s, p, 64, "cpu", k=k) > 0
            theirs[f"{name}_recall@{k}"] = found.float().mean().item()
    ours = {name: float(np.float32(share)) for name, share in recalls(retrieval(count, dim, noise)).items()}
    assert ours == theirs


@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true")
@pytest.mark.parametrize(("count", "classes", "noise"), [(500, 30, 1.5), (999, 7, 1.0), (64, 5, 0.1)])
def test_classification(count: int, classes: int, noise: float, monkeypatch: pytest.MonkeyPatch) -> None:
    benchmark = pytest.importorskip("clip_benchmark.metrics.zeroshot_classification", reason=WHY)
    monkeypatch.setattr(benchmark, "float", np.ndarray.item, raising=False)  # NumPy 2.4 took float([x]) away from it
    images, names, labels = labelled(count, classes, noise)
    logits = torch.from_numpy(images) @ torch.from_numpy(names).t()
    acc1, acc5 = benchmark.accuracy(logits, torch.from_numpy(labels), topk=(1, 5))
    theirs = {"acc1": acc1, "acc5": acc5}
    theirs["mean_per_class_recall"] = benchmark.balanced_accuracy_score(labels, logits.argmax(axis=1))
    assert accuracies(evaluate_classification(images, names, labels)) == theirs
