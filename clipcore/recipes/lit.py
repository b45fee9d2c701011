"""Locked-image tuning (LiT, arXiv:2111.07991): the image tower stays, the text tower learns to describe what it sees.

    python -m clipcore train lit --from ViT-B-32/openai --pairs captions.csv --eval dev.csv --out runs/lit

For captions in a language of your own, or words of a field; pictures that are indexed already keep their vectors. A
step goes back through the text tower alone.
"""

from clipcore.training.recipe import Recipe

RECIPE = Recipe(
    architecture="",
    lock_image=True,
    batch_size=1024,
    epochs=10,
    learning_rate=1e-4,
    warmup_steps=100,
    weight_decay=0.1,
    average=0.999,
    micro_batch=256,
)
