"""CLIP ViT-B/32 as published (section 2.5, appendix F), made to fit one GPU of 80 GB.

    python -m clipcore train vit_b_32 --pairs 'shards/{00000..41455}.tar' --eval held-out.tar --out runs/vit-b-32
    torchrun --nproc-per-node 8 -m clipcore train vit_b_32 --micro-batch 4096 --pairs ... --out ...

32 passes over 400 million pairs, 12.8 billion in all: divide by the pairs a second that `python -m bench.train` finds
on your GPUs. The paper reaches 63.2 % zero-shot on ImageNet (table 11) with its own 400 million pairs; no run of this
length has been made with this code.
"""

from clipcore.training.recipe import Recipe

RECIPE = Recipe(architecture="ViT-B-32-quickgelu", micro_batch=2048, evaluate_every=2000, save_every=1000)
