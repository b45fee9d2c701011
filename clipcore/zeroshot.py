"""Zero-shot classification: class names through prompts to a classifier (Radford et al., section 3.1)."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from clipcore.batches import batched
from clipcore.encoder import Encoder
from clipcore.runtimes.base import Vectors

DEFAULT_TEMPLATES = ("a photo of a {}", "a picture of {}", "{}")
CLASSES_AT_ONCE = 32  # so that the vectors of 80 prompts for each of 1,000 classes are never held at once

Probabilities = NDArray[np.float32]  # (images, classes), each row sums to 1


def class_vectors(
    encoder: Encoder,
    names: Sequence[str],
    templates: Sequence[str] = DEFAULT_TEMPLATES,
    progress: Callable[[int], None] = lambda done: None,
    descriptions: Sequence[Sequence[str]] | None = None,
) -> Vectors:
    """One vector a class: the mean over prompts of their vectors, made unit length again (section 3.1.4).

    Args:
        templates: texts with {} where the class name goes; `clipcore.prompts` has the published sets.
        progress: is told after every few classes how many are done.
        descriptions: for each name further prompts, as they are (Menon and Vondrick, arXiv:2210.07183).

    Returns:
        float32 (names, dim), L2-normalised.
    """
    means = [np.empty((0, encoder.dim), np.float32)]
    for some in batched(list(zip(names, descriptions or [()] * len(names), strict=True)), CLASSES_AT_ONCE):
        prompts = [[*(template.replace("{}", name) for template in templates), *further] for name, further in some]
        counts = np.array([len(texts) for texts in prompts])
        vectors = encoder.encode_texts([text for texts in prompts for text in texts])
        sums: Vectors = np.add.reduceat(vectors, np.cumsum(counts) - counts, axis=0)  # (some, dim)
        means.append((sums / counts[:, None]).astype(np.float32))
        progress(sum(map(len, means)))
    classes: Vectors = np.concatenate(means)
    return classes / np.linalg.norm(classes, axis=1, keepdims=True)


def probabilities(images: Vectors, classes: Vectors, logit_scale: float) -> Probabilities:
    """The softmax over classes of scaled cosines (section 3.1.2).

    Args:
        images: (images, dim), L2-normalised.
        classes: (classes, dim), L2-normalised.
        logit_scale: the encoder's own, learned in training.
    """
    logits = logit_scale * images @ classes.T  # (images, classes)
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    result: Probabilities = exponentials / exponentials.sum(axis=1, keepdims=True)
    return result
