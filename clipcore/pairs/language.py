"""Which captions are in the languages asked for, by py3langid's embedded model.

Captions are short, so the likeliest language of one is often wrong; a caption is turned down only where the model is
sure enough of another language. `SURE` keeps Flickr8k's captions as English, all but one in a few hundred, and turns
down short sentences in other languages; "a dog" (Croatian at 0.06, it says) passes.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from clipcore.errors import PairsError

SURE = 0.25


def in_languages(text: str, wanted: Sequence[str]) -> bool:
    """Whether a text may be in one of the `wanted` languages (ISO 639-1 codes)."""
    language, confidence = _identifier().classify(text)
    return language in wanted or float(confidence) < SURE


def check_languages(wanted: Sequence[str]) -> None:
    """Checks the codes.

    Raises:
        PairsError: one of them is no language that the model knows.
    """
    known = sorted(set(_identifier().labels)) if wanted else []
    unknown = [code for code in wanted if code not in known]
    if unknown:
        raise PairsError(f"no language is called {unknown[0]}: expected one of {', '.join(known)}")


@lru_cache(1)
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
