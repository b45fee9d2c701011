"""The names of the 1,000 ImageNet classes, in the order of the backbone's logits.

Those that OpenAI curated for CLIP (section 3.1.4: WordNet's first lemmas are often ambiguous), as open_clip carries
them, without the explanations in brackets.
"""

from clipcore.thirdparty import import_open_clip
from clipcore.zeroshot import DEFAULT_TEMPLATES

# A class is taught in each, so that it is found by a bare word as by a sentence; those that `zeroshot` asks with.
TEMPLATES = DEFAULT_TEMPLATES


def imagenet_class_names() -> tuple[str, ...]:
    """1,000 names."""
    names: list[str] = import_open_clip().zero_shot_metadata.IMAGENET_CLASSNAMES
    return tuple(name.partition(" (")[0] for name in names)


def imagenet_class_texts() -> tuple[str, ...]:
    """All 1,000 names in the first template, then all in the second, and so on."""
    return tuple(template.format(name) for template in TEMPLATES for name in imagenet_class_names())
