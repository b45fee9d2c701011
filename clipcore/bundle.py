"""An exported encoder on disk: a folder with two ONNX graphs, a tokenizer and a manifest that hashes them all.

``bundle.json`` says what the graphs expect; ``image.onnx`` takes uint8 pixels (n, size, size, 3), ``text.onnx`` int64
tokens (n, length), and both give L2-normalised float32 ``vectors`` (n, dim). ``CARD.md`` is for people.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from clipcore.errors import BundleError
from clipcore.identify import MANIFEST, STARTER
from clipcore.preprocess import Preprocessing
from clipcore.tokenizer import BundledTokenizer, BytePairTokenizer, Tokenizer

__all__ = ["MANIFEST", "STARTER", "Bundle"]  # the first two live where nothing heavy is imported

MERGES = "merges.txt.gz"
DATA = ".data"  # after a graph's name: its weights, where they are not in the graph
WEIGHTS = "weights.safetensors"  # what torch goes on from; the graphs do not need it
FORMAT = 1


@dataclass(frozen=True)
class TokenizerSpec:
    """Which tokenizer a bundle's text graph expects: CLIP's BPE, or the bundle's own tokenizer.json."""

    kind: str  # "clip-bpe", "merges.txt.gz" (CLIP's with a vocabulary of its own) or "tokenizer.json"
    context_length: int
    pad: int = 0

    def load(self, bundle: "Bundle") -> Tokenizer:
        if self.kind == "clip-bpe":
            return BytePairTokenizer(self.context_length)
        if self.kind == MERGES:
            return BytePairTokenizer(self.context_length, bundle.verified(MERGES))
        return BundledTokenizer(bundle.verified("tokenizer.json"), self.context_length, self.pad)


@dataclass(frozen=True)
class Bundle:
    """The manifest of an exported encoder and the folder it lies in."""

    folder: Path
    name: str
    dim: int
    logit_scale: float  # the factor that turns cosines into logits
    precision: str  # e.g. "fp32", "image fp16, text int8"
    preprocessing: Preprocessing
    tokenizer: TokenizerSpec
    sha256: Mapping[str, str]  # of every file the encoder's results depend on
    one_picture_a_run: bool = False  # the image graph's scales come from its input: no picture may see another's

    @property
    def fingerprint(self) -> str:
        """16 hex digits that differ whenever the vectors would: weights, preprocessing, tokenizer and precision."""
        what = [FORMAT, self.dim, self.precision, asdict(self.preprocessing), asdict(self.tokenizer), dict(self.sha256)]
        return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:16]

    def verified(self, file: str) -> Path:
        """The path of one of the bundle's files, once its bytes, and its weights', are known to be what they were.

        Raises:
            BundleError: it is missing, cut short or altered.
        """
        path = self.folder / file
        try:
            with path.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError as error:
            raise BundleError(f"{self.folder} is no whole encoder: cannot read {file}: {error.strerror}") from error
        if digest != self.sha256.get(file):
            raise BundleError(f"{self.folder} is no whole encoder: {file} is not the file it was made with")
        if file + DATA in self.sha256:
            self.verified(file + DATA)
        return path

    @classmethod
    def read(cls, folder: Path) -> "Bundle":
        """The bundle in `folder`.

        Raises:
            BundleError: there is none, or its manifest cannot be understood.
        """
        path = folder / MANIFEST
        try:
            values: dict[str, Any] = json.loads(path.read_text("utf-8"))
            if values["format"] != FORMAT:
                raise BundleError(f"{path} has format {values['format']}; this version of clipcore reads {FORMAT}")
            return cls(
                folder=folder,
                name=values["name"],
                dim=values["dim"],
                logit_scale=values["logit_scale"],
                precision=values["precision"],
                preprocessing=Preprocessing.from_mapping(values["preprocessing"]),
                tokenizer=TokenizerSpec(**values["tokenizer"]),
                sha256=values["sha256"],
                one_picture_a_run=values.get("one_picture_a_run", False),
            )
        except OSError as error:
            raise BundleError(f"no encoder in {folder}: cannot read {MANIFEST}: {error.strerror}") from error
        except (ValueError, KeyError, TypeError) as error:
            raise BundleError(f"{path} is not an encoder's manifest: {type(error).__name__}: {error}") from error

    def write(self) -> None:
        """Writes the manifest; the files it hashes are already there."""
        values = {"format": FORMAT, "fingerprint": self.fingerprint} | asdict(self)
        del values["folder"]
        (self.folder / MANIFEST).write_text(json.dumps(values, indent=2) + "\n", "utf-8")


def hash_files(folder: Path) -> dict[str, str]:
    """The SHA-256 of each file in `folder` that an encoder's results depend on."""
    names = ("image.onnx", f"image.onnx{DATA}", "text.onnx", f"text.onnx{DATA}", "tokenizer.json", MERGES)
    return {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names if (folder / name).is_file()
    }
