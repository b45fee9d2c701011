"""The encoder that ships inside Sightline, first part; `starter_slow`, `_fast` and `_kinds` go on from it.

    pip install -r requirements-starter.txt
    python -m clipcore train starter --eval flickr8k-dev.tar --classify tiny-imagenet-200x90.tar@dev/ \\
        --out runs/starter --pairs flickr8k-train.tar coco-sample.tar tuxpaint-stamps.tar clipart.tar \\
        grocery-train.tar fashion-sample.tar tiny-imagenet-200x90.tar emoji.tar styles.tar documents.tar

Five minutes on one H200, and 68 GB of its memory (a smaller card needs smaller batches); all four fifteen. Recall@10 of
Flickr8k's development captions is .60 after the first phase, .69 after the second. Without a GPU, `--end-to-end false`
trains heads on locked towers in an hour. data/emoji_pairs.py makes emoji.tar, data/style_pairs.py and
data/document_pairs.py the last two; data/starter/CARD.md says what the others are, and how the shipped files were made
to the step.
"""

from clipcore.training.locked_recipe import LockedRecipe, Phase

SITTER = r"(woman|man|girl|boy|child|baby|lady)"
LOOKS = r"(?:look|star|smil|pos|glanc|gaz|grin)\w*"

RECIPE = LockedRecipe(
    phases=(
        Phase(steps=150, batch_size=1024, head_rate=1e-3),
        Phase(steps=113, batch_size=768, head_rate=3e-4, text_rate=1e-4, image_rate=3e-4),
    ),
    templates={
        "label": ("a photo of a {}", "{}"),
        "group": ("a photo of a {}",),
        "name": ("a drawing of a {}", "{}"),
        "folders": ("a drawing of {}",),
        "title": ("a photo of {}",),
        "portrait": ("a portrait of a {}",),
    },
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
    # captions of photographs first: they are most like what people ask; drawings and shop goods bring nouns
    weights={
        "flickr8k-train": 2.5,
        "coco-sample": 3.0,
        "tiny-imagenet-200x90": 2.0,
        "clipart": 0.4,
        "fashion-sample": 0.25,
        "emoji": 3.0,
    },
    hidden=512,
    dropout=0.2,
    rehearsal=1.0,
    end_to_end=True,
    agreement=1.0,
)
