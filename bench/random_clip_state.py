"""Random weights as open_clip loads them: python -m bench.random_clip_state FILE"""

import sys

import torch

from bench.random_clip import random_clip

if __name__ == "__main__":
    torch.save(random_clip().state_dict(), sys.argv[1])
