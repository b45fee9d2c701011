"""A vocabulary learned from captions loads, merges as the library that learned it would, and loses nothing."""

import gzip
import io
import json
import tarfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from clipcore.__main__ import main
from clipcore.errors import TokenizerError
from clipcore.tokenizer import BytePairTokenizer, clean
from clipcore.vocabulary import learn_merges, read_captions, write_merges
from tests.clipcore.test_tokenizer import HARD, UNICODE

CAPTIONS = [
    "a photo of a black cat on a sofa",
    "two black cats and a photograph of a dog",
    "Ein Foto von einem Kater auf dem Sofa",
    "猫の写真、猫の絵",
    "a cat's photo: 2024-05-06!",
] * 3


@pytest.fixture(scope="module")
def merges_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("vocabulary") / "merges.txt.gz"
    write_merges(learn_merges(CAPTIONS, units=310), path)
    return path


def without_spaces(text: str) -> str:
    return "".join(text.split())


def test_nothing_is_lost_but_case_and_spaces(merges_path: Path) -> None:
    tokenizer = BytePairTokenizer(merges_path=merges_path)
    for text in [*CAPTIONS, *HARD, *UNICODE]:
        assert without_spaces(tokenizer.decode(tokenizer.encode(text))) == without_spaces(clean(text)), text


def test_the_units_are_those_asked_for(merges_path: Path) -> None:
    tokenizer = BytePairTokenizer(merges_path=merges_path)
    assert tokenizer.vocab_size == 310 + 256  # every byte once more, as the end of a word
    tokens = tokenizer(["a cat"])[0]
    assert tokens[0] == tokenizer.start == 564 and tokens.argmax() == len(tokens) - 1


def test_frequent_words_become_one_unit(merges_path: Path) -> None:
    tokenizer = BytePairTokenizer(merges_path=merges_path)
    assert len(tokenizer.encode("cat")) == len(tokenizer.encode("photo")) == 1
    assert len(tokenizer.encode("zebra")) == 5


def test_the_same_captions_give_the_same_file(merges_path: Path, tmp_path: Path) -> None:
    write_merges(learn_merges(CAPTIONS, units=310), tmp_path / "again.gz")
    assert (tmp_path / "again.gz").read_bytes() == merges_path.read_bytes()


def tar_of(captions: list[str], path: Path) -> Path:
    with tarfile.open(path, "w") as tar:
        for i, caption in enumerate(captions):
            for suffix, content in (("jpg", b"not looked at"), ("json", json.dumps({"captions": [caption]}).encode())):
                info = tarfile.TarInfo(f"{i}.{suffix}")
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return path


def test_the_command_reads_text_and_tars(tmp_path: Path) -> None:
    text, tar = tmp_path / "captions.txt", tar_of(CAPTIONS[8:], tmp_path / "photos.tar")
    text.write_text("\n".join(CAPTIONS[:8]), "utf-8")
    assert [c.strip() for c in read_captions([text, tar])] == CAPTIONS
    out = tmp_path / "merges.txt.gz"
    result = CliRunner().invoke(main, ["vocabulary", str(text), str(tar), "--units", "300", "--out", str(out)])
    assert result.exit_code == 0 and result.stdout == "" and "300 units" in result.stderr
    assert BytePairTokenizer(merges_path=out).vocab_size == 556


def test_few_captions_give_few_units_and_say_so(tmp_path: Path) -> None:
    text, out = tmp_path / "captions.txt", tmp_path / "merges.txt.gz"
    text.write_text("cat cat", "utf-8")
    result = CliRunner().invoke(main, ["vocabulary", str(text), "--out", str(out)])
    assert "260 units (the captions hold no more; 49152 were asked for)" in result.stderr
    assert gzip.decompress(out.read_bytes()).decode().splitlines()[1:] == ["a t</w>", "c at</w>"]


def test_nothing_to_learn() -> None:
    with pytest.raises(TokenizerError, match="nothing to learn from"):
        learn_merges(["a", "b"])
    with pytest.raises(TokenizerError, match="258 units leave nothing to learn"):
        learn_merges(CAPTIONS, units=258)


def test_captions_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "captions.txt"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(TokenizerError, match="cannot read"):
        list(read_captions([path]))
