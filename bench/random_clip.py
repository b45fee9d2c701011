"""Random weights as one of our checkpoints, of rclip's architecture by default.

python -m bench.random_clip FILE [ARCHITECTURE]
"""

import sys
from pathlib import Path

import torch

from clipcore.architectures import get_architecture
from clipcore.checkpoints import save_clip
from clipcore.clip import CLIP

ARCHITECTURE = "ViT-B-32-256"


def random_clip(architecture: str = ARCHITECTURE) -> CLIP:
    """The same weights at every call."""
    torch.manual_seed(0)
    return CLIP(get_architecture(architecture)).eval()


if __name__ == "__main__":
    save_clip(random_clip(*sys.argv[2:]), Path(sys.argv[1]))
