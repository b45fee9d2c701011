"""The starter encoder's second half: the heads go on, with more drawings and without the backbone's own opinion.

    python -m clipcore train starter_names --from runs/starter --eval flickr8k-dev.tar --out runs/starter-names \
        --pairs flickr8k-train.tar coco-sample.tar tuxpaint-stamps.tar clipart.tar grocery-train.tar \
        fashion-sample.tar tiny-imagenet-200x90.tar emoji.tar
    python -m clipcore export runs/starter-names --out data/starter

Ten minutes on two cores, eight of them for the texts. What ImageNet has no class for (an astronaut) the backbone takes
for what it knows (a football helmet), and distilling that keeps the heads from learning better.
"""

from dataclasses import replace

from clipcore.recipes.starter import RECIPE as STARTER
from clipcore.training.locked_recipe import Phase

SITTER = r"(woman|man|girl|boy|child|baby|lady)"
LOOKS = r"(?:look|star|smil|pos|glanc|gaz|grin)\w*"

RECIPE = replace(
    STARTER,
    phases=(Phase(steps=200, batch_size=1024, head_rate=1e-3),),
    templates={**STARTER.templates, "portrait": ("a portrait of a {}",)},
    paraphrases={
        rf"\b{SITTER}\b[^.]*\b{LOOKS}\b[^.]*\b(?:camera|photo|picture|portrait|photograph)"
        rf"|\b{SITTER}\b[^.]*\bclose[- ]?up|close[- ]?up[^.]*\b{SITTER}\b"
        rf"|(?:face|portrait|picture|photo) of (?:an? )?(?:\w+ ){{0,3}}{SITTER}\b": (
            "a portrait of a {}",
            "portrait of a {}",
            "a portrait photo of a {}",
            "a portrait of one {}",
        )
    },
    weights={**STARTER.weights, "coco-sample": 3.0, "emoji": 6.0},
    class_distillation=0.0,
)
