"""Text to tokens: CLIP's lower-cased byte-level BPE (section 2.4), and tokenizers that ship inside a bundle.

The merges are those OpenAI published; they lie inside the open-clip-torch package (MIT). Every token sequence equals
open_clip's ``SimpleTokenizer``. `clipcore.vocabulary` learns others in the same format.

The paper caps a sequence at 76 tokens; the released models have 77 positions, and open_clip counts start and end among
them: a text keeps 75 tokens of its own. That is what `context_length` means here.
"""

import gzip
import hashlib
import html
import logging
import re
import zlib
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np
import regex
from numpy.typing import NDArray

from clipcore.architectures import open_clip_folder
from clipcore.errors import BundleError, TokenizerError

log = logging.getLogger(__name__)

Tokens = NDArray[np.int64]

UNITS = 49_152  # the paper's vocabulary: 256 bytes, merges, start and end
_MERGES = UNITS - 256 - 2  # what of the published merges file belongs to it
END_OF_WORD = "</w>"
_PLAIN = re.compile("[ -%'-~]*")  # printable ASCII but &: nothing to mend and no entity
_WORDS = regex.compile(
    r"<start_of_text>|<end_of_text>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+", regex.IGNORECASE
)


class Tokenizer(Protocol):
    """Texts in, int64 (n, length of the longest) out, padded behind the end token."""

    context_length: int

    def __call__(self, texts: Sequence[str]) -> Tokens: ...


@cache
def byte_symbols() -> dict[int, str]:
    """A printable character for each of the 256 bytes: itself where it prints, else the next free one from U+0100."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    symbols = {byte: chr(byte) for byte in printable}
    for byte in range(256):
        if byte not in symbols:
            symbols[byte] = chr(256 + len(symbols) - len(printable))
    return symbols


def words(text: str) -> list[str]:
    """The cleaned text's words, numbers and runs of punctuation: what merges never reach across."""
    return _WORDS.findall(clean(text))


def clean(text: str) -> str:
    """Mends mis-decoded Unicode, resolves HTML entities (twice, as published), folds white space, lowers the case."""
    if not _PLAIN.fullmatch(text):
        import ftfy  # a twentieth of a second, which most searches need not wait for

        text = html.unescape(html.unescape(ftfy.fix_text(text)))
    return " ".join(text.split()).lower()


class BytePairTokenizer:
    """CLIP's tokenizer over a merges file in OpenAI's format (gzip, one merge a line, a header line first)."""

    def __init__(self, context_length: int = 77, merges_path: Path | None = None) -> None:
        self.context_length = context_length
        path = merges_path or open_clip_folder() / "bpe_simple_vocab_16e6.txt.gz"
        merges = _read_merges(path)
        if merges_path is None:
            merges = merges[:_MERGES]
        self.sha256 = hashlib.sha256(repr(merges).encode()).hexdigest()  # of what it does, not of how it is packed
        symbols = list(byte_symbols().values())
        vocabulary = [*symbols, *(s + END_OF_WORD for s in symbols), *("".join(merge) for merge in merges)]
        vocabulary += ["<start_of_text>", "<end_of_text>"]
        self.vocab_size = len(vocabulary)
        self._vocabulary = vocabulary
        self._ids = {unit: i for i, unit in enumerate(vocabulary)}
        self._ranks = {merge: i for i, merge in enumerate(merges)}
        self.start, self.end = self.vocab_size - 2, self.vocab_size - 1
        self._units_of = lru_cache(maxsize=100_000)(self._merge_word)

    def encode(self, text: str) -> list[int]:
        """The token numbers of one text, without start and end, of any length."""
        return [token for word in words(text) for token in self._units_of(word)]

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of `tokens`, lower-cased; start and end are kept as their names."""
        byte_of = {symbol: byte for byte, symbol in byte_symbols().items()}
        text = "".join(self._vocabulary[t] for t in tokens)
        return bytes(byte_of[c] for c in text).decode("utf-8", errors="replace").replace(END_OF_WORD, " ")

    def __call__(self, texts: Sequence[str], *, pad_to_context: bool = False) -> Tokens:
        """int64 (n, longest), zeros behind each end token; a text that is too long is cut and keeps its end token."""
        whole = [[self.start, *self.encode(text)] for text in texts]
        rows = [row[: self.context_length - 1] + [self.end] for row in whole]
        _say_cut(sum(len(row) >= self.context_length for row in whole), len(whole), self.context_length)
        length = self.context_length if pad_to_context else max((len(row) for row in rows), default=0)
        tokens = np.zeros((len(rows), length), dtype=np.int64)
        for i, row in enumerate(rows):
            tokens[i, : len(row)] = row
        return tokens

    def _merge_word(self, word: str) -> tuple[int, ...]:
        """One word to units: join the pair that was learned first, again and again (Sennrich et al., 2016)."""
        if word in ("<start_of_text>", "<end_of_text>"):
            return (self._ids[word],)
        units = [byte_symbols()[byte] for byte in word.encode("utf-8")]
        units[-1] += END_OF_WORD
        while len(units) > 1:
            pair = min(zip(units, units[1:], strict=False), key=lambda p: self._ranks.get(p, len(self._ranks)))
            if pair not in self._ranks:
                break
            units = _join(units, pair)
        return tuple(self._ids[unit] for unit in units)


def _read_merges(path: Path) -> list[tuple[str, ...]]:
    """The pairs of a merges file, in the order they were learned.

    Raises:
        TokenizerError: no such file, cut short, or not one pair a line.
    """
    try:
        lines = gzip.decompress(path.read_bytes()).decode("utf-8").split("\n")[1:]
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise TokenizerError(f"cannot read {path} as a vocabulary (gzip, one merge a line): {error}") from error
    merges = [tuple(line.split()) for line in lines if line]
    if not merges or any(len(merge) != 2 for merge in merges):
        raise TokenizerError(f"{path} is no vocabulary: expected a header line, then two units a line")
    return merges


def _say_cut(cut: int, of: int, context_length: int) -> None:
    if cut:
        log.warning("%d of %d texts are longer than %d tokens and were cut", cut, of, context_length)


def _join(units: list[str], pair: tuple[str, str]) -> list[str]:
    """Every occurrence of `pair` in `units` made one unit, from the left."""
    joined: list[str] = []
    for unit in units:
        if joined and (joined[-1], unit) == pair:
            joined[-1] += unit
        else:
            joined.append(unit)
    return joined


class BundledTokenizer:
    """A tokenizer.json of the `tokenizers` library, as a bundle carries it."""

    def __init__(self, path: Path, context_length: int, pad: int) -> None:
        from tokenizers import Tokenizer as Library

        self.context_length = context_length
        try:
            self._library = Library.from_file(str(path))
        except Exception as error:  # the library raises bare Exception for a file it cannot read
            raise BundleError(f"{path}: not a tokenizer.json: {error}") from error
        self._library.enable_truncation(context_length)
        self._library.enable_padding(pad_id=pad)

    def __call__(self, texts: Sequence[str]) -> Tokens:
        encodings = self._library.encode_batch(list(texts))
        _say_cut(sum(bool(e.overflowing) for e in encodings), len(encodings), self.context_length)
        return np.array([e.ids for e in encodings], dtype=np.int64).reshape(len(encodings), -1)
