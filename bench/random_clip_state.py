"""Random weights as open_clip loads them: python -m bench.random_clip_state FILE"""

import sys

import torch

from bench.random_clip import random_clip

if __name__ == "__main__":
    # of a plain CLIP, open_clip keeps the text tower's weights at the top
    state = {name.removeprefix("text."): tensor for name, tensor in random_clip().state_dict().items()}
    torch.save(state, sys.argv[1])
