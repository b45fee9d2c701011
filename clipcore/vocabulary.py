"""A new BPE vocabulary from one's own captions (section 2.4: lower-cased, byte-level, 49,152 units).

Learned by the `tokenizers` library over the words that `clipcore.tokenizer` cuts a text into, and written in OpenAI's
format, so that ``BytePairTokenizer(merges_path=...)`` reads it. A model must be trained with it: a vocabulary's numbers
mean nothing to a model that was trained with another.
"""

import gzip
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from clipcore.errors import TokenizerError
from clipcore.pairs.webdataset import read_pairs
from clipcore.tokenizer import END_OF_WORD, UNITS, byte_symbols, words

_BYTES, _SPECIAL = 256, 2  # units that are not learned: each byte, and start and end
_SEEN_TWICE = 2  # a pair seen once says nothing about the next text
_LAST_BYTES = 0xE000  # where Unicode's private characters begin: the bytes that end a word, while learning


def read_captions(files: Sequence[Path]) -> Iterator[str]:
    """The captions in `files`: WebDataset tars, or text with one caption a line.

    Raises:
        TokenizerError: a file that is no UTF-8 text.
        TrainingError: a tar that cannot be read.
    """
    for path in files:
        if path.suffix == ".tar":
            for pair in read_pairs(path):
                yield from pair.captions
        else:
            yield from _lines(path)


def _lines(path: Path) -> Iterator[str]:
    try:
        with path.open(encoding="utf-8") as file:
            yield from file
    except (OSError, UnicodeDecodeError) as error:
        raise TokenizerError(f"cannot read {path} as captions, one a line in UTF-8: {error}") from error


def learn_merges(captions: Iterable[str], units: int = UNITS) -> list[tuple[str, str]]:
    """The pairs of units to join, most frequent first; fewer than asked for where the captions hold no more.

    Args:
        units: counted as the paper does: 256 bytes, the merges, start and end. (The numbers of a tokenizer come to
            256 more, because each byte also has a form that ends a word: 49,408 for 49,152.)

    Raises:
        TokenizerError: `units` leaves nothing to learn, or the captions hold nothing to learn from.
    """
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    wanted = units - _BYTES - _SPECIAL
    if wanted < 1:
        raise TokenizerError(f"{units} units leave nothing to learn: expected more than {_BYTES + _SPECIAL}")
    library = Tokenizer(models.BPE())
    library.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    trainer = trainers.BpeTrainer(
        vocab_size=2 * _BYTES + wanted,
        min_frequency=_SEEN_TWICE,
        initial_alphabet=[*byte_symbols().values(), *map(_ending, range(_BYTES))],
        show_progress=False,
    )
    library.train_from_iterator((_as_symbols(caption) for caption in captions), trainer)
    merges = json.loads(library.to_str())["model"]["merges"][:wanted]
    if not merges:
        raise TokenizerError("the captions hold nothing to learn from: no two letters stand together twice")
    return [(_as_unit(left), _as_unit(right)) for left, right in merges]


def _as_symbols(caption: str) -> str:
    """The caption's words, a character a byte, none of it white space, with a space between words.

    The byte that ends a word is a character of its own here, rather than one with the library's suffix: the library
    numbers the suffixed ones in no fixed order, and pairs that are equally frequent would be joined by chance.
    """
    symbols = byte_symbols()
    encoded = [word.encode("utf-8") for word in words(caption)]
    return " ".join("".join(symbols[byte] for byte in word[:-1]) + _ending(word[-1]) for word in encoded)


def _ending(byte: int) -> str:
    return chr(_LAST_BYTES + byte)


def _as_unit(characters: str) -> str:
    """A unit as OpenAI writes it: only its last character can be one that ends a word."""
    last = ord(characters[-1]) - _LAST_BYTES
    return characters if last < 0 else characters[:-1] + byte_symbols()[last] + END_OF_WORD


def write_merges(merges: Sequence[tuple[str, str]], path: Path) -> None:
    """Writes OpenAI's format: gzip, a header line, one merge a line; the same bytes for the same merges."""
    lines = ["#version: 0.2", *(" ".join(merge) for merge in merges), ""]
    path.write_bytes(gzip.compress("\n".join(lines).encode("utf-8"), mtime=0))
