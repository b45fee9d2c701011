"""On from `starter`, at a low learning rate of the image tower; its weights and those of `starter_fast` are averaged.

python -m clipcore train starter_slow --from runs/starter --out runs/starter-slow --pairs ... as for starter
python -m clipcore average runs/starter-slow runs/starter-fast --out runs/starter-average
"""

from dataclasses import replace

from clipcore.recipes.starter import RECIPE as STARTER
from clipcore.training.locked_recipe import Phase

RECIPE = replace(
    STARTER,
    phases=(Phase(steps=159, batch_size=768, head_rate=3e-4, text_rate=1e-4, image_rate=6e-4),),
    weights={**STARTER.weights, "emoji": 1.5},
    seed=1,
)
