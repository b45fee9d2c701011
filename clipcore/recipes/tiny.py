"""A CLIP small enough to see one learn on a laptop.

    python -m clipcore train tiny --pairs data/check.tar --out runs/tiny

A minute or two on a laptop. It learns 128 paintings by heart (the loss falls from ln 64 = 4.16 to below 0.5), which
shows that all of it works and teaches it nothing else.
"""

from clipcore.architectures import Architecture, TextShape, ViTShape
from clipcore.training.recipe import Recipe

TINY = Architecture(
    name="tiny",
    embed_dim=64,
    vision=ViTShape(image_size=64, patch_size=16, width=96, layers=3, heads=3, mlp_width=384),
    text=TextShape(width=96, layers=2, heads=3),
    activation="gelu",
)

RECIPE = Recipe(
    architecture=TINY, batch_size=64, steps=200, learning_rate=1e-3, warmup_steps=20, precision="fp32", workers=0
)
