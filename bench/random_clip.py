"""Random weights of rclip's architecture as one of our checkpoints: python -m bench.random_clip FILE"""

import sys
from pathlib import Path

import torch

from clipcore.architectures import get_architecture
from clipcore.checkpoints import save_clip
from clipcore.clip import CLIP

ARCHITECTURE = "ViT-B-32-256"


def random_clip() -> CLIP:
    """The same weights at every call."""
    torch.manual_seed(0)
    return CLIP(get_architecture(ARCHITECTURE)).eval()


if __name__ == "__main__":
    save_clip(random_clip(), Path(sys.argv[1]))
