"""The losses of locked-tower training beside the contrastive one."""

import torch
from torch import Tensor
from torch.nn import functional as F


def class_distillation_loss(images: Tensor, class_texts: Tensor, probabilities: Tensor, logit_scale: Tensor) -> Tensor:
    """How far zero-shot classification in the shared space is from the backbone's own classifier; a scalar.

    The Kullback-Leibler divergence of the softmax over class texts from `probabilities` (Hinton et al.,
    arXiv:1503.02531), so that nouns that no caption has keep a place.

    Args:
        images: (batch, dim), L2-normalised.
        class_texts: (classes, dim), L2-normalised.
        probabilities: (batch, classes); each row is scaled to sum to 1.
        logit_scale: scalar factor.
    """
    predicted = (logit_scale * images @ class_texts.T).log_softmax(dim=-1)  # (batch, classes)
    wanted = probabilities / probabilities.sum(dim=-1, keepdim=True)
    return F.kl_div(predicted, wanted, reduction="batchmean")


def rehearsal_loss(features: Tensor, borrowed: Tensor) -> Tensor:
    """One minus the cosine to what the borrowed text tower said, averaged; both (batch, width), a scalar."""
    return (1 - F.cosine_similarity(features, borrowed, dim=-1)).mean()


def likely_classes(probabilities: Tensor, count: int, generator: torch.Generator | None = None) -> Tensor:
    """At most `count` class numbers, drawn from the pictures' own distributions (batch, classes); int64, distinct."""
    drawn = torch.multinomial(probabilities, 1, generator=generator).unique()  # type: ignore[no-untyped-call]
    return drawn[torch.randperm(len(drawn), generator=generator)[:count]]


def likeness_targets(sentences: Tensor, targets: Tensor, share: float, temperature: float) -> Tensor:
    """`targets` of which a `share` goes to the batch's other texts by how like they are to each row's own.

    Captions of one batch paraphrase each other; counting all others as wrong teaches that "a dog runs" is not "a dog
    is running" (soft targets, as in Hinton et al., arXiv:1503.02531).

    Args:
        sentences: (batch, width), the texts as the borrowed sentence encoder sees them.
        targets: (batch, batch), symmetric; row i's own answers (`same_group_targets`).

    Returns:
        (batch, batch), each row adding up to 1.
    """
    unit = F.normalize(sentences.float(), dim=-1)
    like = (unit @ unit.T / temperature).softmax(dim=-1)
    return (1 - share) * targets / targets.sum(dim=-1, keepdim=True) + share * like


def agreement_loss(logits: Tensor, probabilities: Tensor) -> Tensor:
    """How far a classifier's logits are from `probabilities`, both (batch, classes): Kullback-Leibler, a scalar."""
    return F.kl_div(logits.float().log_softmax(dim=-1), probabilities, reduction="batchmean")
