"""The contrastive loss where a batch holds several right answers: a picture's five captions, one name for ten pictures.

The targets are a matrix as large as the similarities, so this is for batches of thousands;
`clipcore.objectives.contrastive` is exact at any size where each row has one right answer.
"""

from torch import Tensor
from torch.nn import functional as F


def multi_positive_loss(images: Tensor, texts: Tensor, logit_scale: Tensor, targets: Tensor) -> Tensor:
    """The mean of image-to-text and text-to-image cross-entropy against `targets`; a scalar.

    Args:
        images: (batch, dim) float, L2-normalised.
        texts: (batch, dim) float, L2-normalised; row i describes image i.
        logit_scale: scalar factor, learned from 1 / 0.07 and never above 100 (`clipcore.clip`).
        targets: (batch, batch) float, how much text j is right for image i, each row and column with a positive sum
            (`same_group_targets`); the identity gives `contrastive_loss`.
    """
    logits = logit_scale * images @ texts.T  # (batch images, batch texts)
    return (cross_entropy_rows(logits, targets) + cross_entropy_rows(logits.T, targets.T)) / 2


def cross_entropy_rows(logits: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy of each row's softmax against that row of `targets`, scaled to sum to 1; averaged over rows.

    Shapes: both (rows, columns).
    """
    wanted = targets / targets.sum(dim=-1, keepdim=True)
    return F.cross_entropy(logits, wanted)


def same_group_targets(image_groups: Tensor, text_groups: Tensor) -> Tensor:
    """Targets for a batch in which pictures, or texts, repeat: 1 where either group number is shared, else 0.

    Args:
        image_groups: (batch,) int64; pictures with one number are the same picture.
        text_groups: (batch,) int64; texts with one number are the same text.

    Returns:
        (batch, batch) float32, symmetric, ones on the diagonal.
    """
    same_image = image_groups[:, None] == image_groups[None, :]
    same_text = text_groups[:, None] == text_groups[None, :]
    return (same_image | same_text).float()
