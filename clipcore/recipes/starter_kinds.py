"""On from the average of `starter_slow` and `starter_fast`, with kinds of picture that captions do not name.

Paintings, sketches, black and white photographs; documents, charts, screenshots, maps (data/style_pairs.py and
data/document_pairs.py make them). Four and a half minutes on one H200. A quarter of what it went on from is kept;
data/starter/make.sh does it all.

python -m clipcore train starter_kinds --from runs/average --out runs/kinds --pairs ... as for starter
python -m clipcore average runs/kinds runs/kinds runs/kinds runs/average --out runs/whole
"""

from dataclasses import replace

from clipcore.recipes.starter import RECIPE as STARTER
from clipcore.training.locked_recipe import Phase

RECIPE = replace(
    STARTER,
    phases=(Phase(steps=577, batch_size=768, head_rate=4e-4, text_rate=1e-4, image_rate=1e-3),),
    weights={**STARTER.weights, "emoji": 1.5, "clipart": 0.8, "documents": 3.0},
    seed=3,
)
