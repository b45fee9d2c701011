"""Text as the words that are counted, matched and compared: lower case, letters and digits only."""

import re

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")


def words_of(text: str) -> list[str]:
    """The words of a text; "The dog's 2 balls" gives the, dog's, 2, balls."""
    return _WORD.findall(text.lower().replace("’", "'"))


def normalised(text: str) -> str:
    """Its words with single spaces between them."""
    return " ".join(words_of(text))
