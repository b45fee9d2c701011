"""On from `starter`, at twice the learning rate of `starter_slow`; the weights of both are averaged.

python -m clipcore train starter_fast --from runs/starter --out runs/starter-fast --pairs ... as for starter
python -m clipcore average runs/starter-slow runs/starter-fast --out runs/starter-average
"""

from dataclasses import replace

from clipcore.recipes.starter import RECIPE as STARTER
from clipcore.training.locked_recipe import Phase

RECIPE = replace(
    STARTER,
    phases=(Phase(steps=133, batch_size=768, head_rate=4e-4, text_rate=1e-4, image_rate=1.2e-3),),
    weights={**STARTER.weights, "emoji": 1.5},
    seed=2,
)
