"""The symmetric cross-entropy over cosine similarities (Radford et al., arXiv:2103.00020, section 2.3 and figure 3).

`contrastive_loss` takes the rows and the columns of the similarity matrix apart, so that a version that holds only a
block of rows (one GPU's share, or one slice in time) can call `cross_entropy_rows` on what it has.
"""

import torch
from torch import Tensor
from torch.nn import functional as F


def contrastive_loss(images: Tensor, texts: Tensor, logit_scale: Tensor, targets: Tensor | None = None) -> Tensor:
    """The mean of image-to-text and text-to-image cross-entropy; a scalar.

    Args:
        images: (batch, dim) float, L2-normalised.
        texts: (batch, dim) float, L2-normalised; row i describes image i.
        logit_scale: scalar factor, learned from 1 / 0.07 and never above 100 (`clipcore.clip`).
        targets: (batch, batch) float, how much text j is right for image i, each row and column with a positive sum;
            None for the identity. Batches that hold several texts of a picture, or one name for several pictures, have
            more than one right answer (`same_group_targets`).
    """
    logits = logit_scale * images @ texts.T  # (batch images, batch texts)
    if targets is None:
        targets = torch.eye(len(images), dtype=images.dtype, device=images.device)
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
