"""The encoder that ships inside Sightline.

    pip install -r requirements-starter.txt
    python -m clipcore train starter --eval flickr8k-dev.tar --out runs/starter --pairs flickr8k-train.tar \
        coco-sample.tar tuxpaint-stamps.tar clipart.tar grocery-train.tar fashion-sample.tar tiny-imagenet-200x90.tar \
        emoji.tar
    python -m clipcore export runs/starter --out data/starter

About 50 minutes on two cores, 15 of them for the features of the locked tower. data/emoji_pairs.py makes emoji.tar;
data/starter/CARD.md says what the others are and what comes out.
"""

from clipcore.training.locked_recipe import LockedRecipe, Phase

RECIPE = LockedRecipe(
    phases=(
        Phase(steps=300, batch_size=1024, head_rate=1e-3),
        Phase(steps=330, batch_size=512, head_rate=3e-4, text_rate=1e-4),
    ),
    templates={
        "label": ("a photo of a {}", "{}"),
        "group": ("a photo of a {}",),
        "name": ("a drawing of a {}", "{}"),
        "folders": ("a drawing of {}",),
        "title": ("a photo of {}",),
    },
    # captions of photographs first: they are most like what people ask; drawings and shop goods bring nouns
    weights={
        "flickr8k-train": 2.0,
        "coco-sample": 2.0,
        "tiny-imagenet-200x90": 3.0,
        "clipart": 0.4,
        "fashion-sample": 0.25,
    },
    hidden=512,
    dropout=0.2,
    rehearsal=1.0,
)
