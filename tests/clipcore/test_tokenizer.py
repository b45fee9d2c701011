"""The tokenizer against open_clip's on texts that are hard on tokenizers."""

import gzip
import html
import json
import logging
from pathlib import Path

import ftfy
import numpy as np
import pytest

from clipcore.errors import BundleError, TokenizerError
from clipcore.thirdparty import import_open_clip
from clipcore.tokenizer import BundledTokenizer, BytePairTokenizer, byte_symbols, clean

PRINTABLE = "".join(map(chr, range(32, 127)))

HARD = [
    "",
    " ",
    "a photo of a cat",
    "A  PHOTO\tof a\nCAT!!!",
    "don't, they'll, I'M, we've, she'd, it's, you're",
    "naïve café, Größe, Ærøskøbing, žluťoučký kůň",
    "Фотография кошки, 猫の写真, صورة قطة, תמונה, 고양이, รูปแมว",
    "😀 👩‍👩‍👧‍👦 🏳️‍🌈 🇫🇷 ❤️ ☕",
    "fish &amp; chips &lt;b&gt; &eacute; &#39;quoted&#39; &amp;amp; twice",
    "Ã©tÃ© schÃ¶n â€œquotesâ€\u009d",
    "½ ② Ⅷ x² 10,000.5 3rd 1234567890",
    "<start_of_text> inside <end_of_text>",
    "e\u0301 and \u200b zero\u200dwidth \ufeff bom \u00ad soft-hyphen",
    'user@example.com https://example.com/a?b=c#d C:\\path ~!@#$%^&*()_+{}|:"<>?',
    "supercalifragilisticexpialidocious" * 3,
    "word " * 200,
    "🙂" * 100,
    "'" * 50 + '"' * 50,
]
UNICODE = [chr(i) + chr(i + 1) * 3 + " don't" for i in range(0x21, 0x3100, 7)]


@pytest.fixture(scope="module")
def tokenizer() -> BytePairTokenizer:
    return BytePairTokenizer()


def test_equals_open_clip(tokenizer: BytePairTokenizer) -> None:
    texts = HARD + UNICODE
    expected = import_open_clip().tokenize(texts).numpy()
    given = tokenizer(texts, pad_to_context=True)
    different = [texts[i] for i in np.flatnonzero((given != expected).any(axis=1))]
    assert different == []


def test_cuts_behind_the_longest_text(tokenizer: BytePairTokenizer) -> None:
    tokens = tokenizer(["a cat", "two cats on a sofa"])
    assert tokens.shape == (2, 7)
    assert tokens[0].tolist() == [tokenizer.start, *tokenizer.encode("a cat"), tokenizer.end, 0, 0, 0]
    assert tokenizer([]).shape == (0, 0)


def test_over_long_text_keeps_its_end(tokenizer: BytePairTokenizer) -> None:
    tokens = tokenizer(["word " * 200])
    assert tokens.shape == (1, 77)
    assert tokens[0, -1] == tokenizer.end


def test_cutting_is_said_once_a_call(
    tokenizer: BytePairTokenizer, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.WARNING):
        tokenizer(["a cat", "word " * 76, "word " * 10_000, "word " * 75])
    assert [r.getMessage() for r in caplog.records] == ["2 of 4 texts are longer than 77 tokens and were cut"]
    assert capsys.readouterr().out == ""
    caplog.clear()
    assert tokenizer(["", "word " * 75]).shape == (2, 77)  # 75, and start and end: just fits
    assert caplog.records == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not gzip",
        gzip.compress(b"header\na b\nc\n", mtime=0),
        gzip.compress(b"header", mtime=0),
        b"\x1f\x8b\x08cut",
    ],
    ids=["empty", "not gzip", "no pair", "header alone", "cut"],
)
def test_a_vocabulary_that_is_none_is_one_line(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "merges.txt.gz"
    path.write_bytes(content)
    with pytest.raises(TokenizerError, match=r"merges\.txt\.gz") as caught:
        BytePairTokenizer(merges_path=path)
    assert "\n" not in str(caught.value)


def test_decodes_what_it_encoded(tokenizer: BytePairTokenizer) -> None:
    assert tokenizer.decode(tokenizer.encode("Hello, wörld")) == "hello , wörld "


def test_byte_symbols_are_distinct_and_whole() -> None:
    assert sorted(byte_symbols()) == list(range(256))
    assert len(set(byte_symbols().values())) == 256


def test_clean() -> None:
    assert clean("  Fish &amp;amp;\n CHIPS ") == "fish & chips"


@pytest.fixture
def small_tokenizer_json(tmp_path: Path) -> Path:
    words = ["[PAD]", "[UNK]", "a", "cat", "dog"]
    content = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": {"type": "Lowercase"},
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": None,
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": {w: i for i, w in enumerate(words)}, "unk_token": "[UNK]"},
    }
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(content))
    return path


def test_bundled_tokenizer_pads_and_cuts(small_tokenizer_json: Path) -> None:
    tokenizer = BundledTokenizer(small_tokenizer_json, context_length=3, pad=0)
    assert tokenizer(["A cat", "a dog cat dog", "zebra"]).tolist() == [[2, 3, 0], [2, 4, 3], [1, 0, 0]]
    assert tokenizer(["a cat"]).dtype == np.int64


def test_bundled_tokenizer_says_what_it_cut(small_tokenizer_json: Path, caplog: pytest.LogCaptureFixture) -> None:
    tokenizer = BundledTokenizer(small_tokenizer_json, context_length=3, pad=0)
    with caplog.at_level(logging.WARNING):
        tokenizer(["a cat", "a dog cat dog"])
    assert [r.getMessage() for r in caplog.records] == ["1 of 2 texts are longer than 3 tokens and were cut"]


def test_bundled_tokenizer_refuses_another_file(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_text("{}")
    with pytest.raises(BundleError, match=r"not a tokenizer\.json"):
        BundledTokenizer(path, 16, 0)


def test_what_is_taken_for_plain_needs_no_mending() -> None:
    """Not asked of ftfy: each pair of characters, as it stands and in a text."""
    for first in PRINTABLE.replace("&", ""):
        text = " ".join(f"{first}{second} x{first}{second}" for second in PRINTABLE.replace("&", ""))
        assert clean(text) == " ".join(html.unescape(html.unescape(ftfy.fix_text(text))).split()).lower()
    assert clean("fish &amp;amp; chips") == "fish & chips"
