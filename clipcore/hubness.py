"""Correction of hubs: pictures that lie near every text, and texts that lie near every picture, found too often.

Between two sets of vectors a few are among the nearest of very many others, and push out what was meant. CSLS (Conneau
et al., arXiv:1710.04087, section 2.3) takes from a cosine how near each side is to the other set as a whole:

    CSLS(image, text) = 2 cos(image, text) - r(image) - r(text)

where r(image) is the mean cosine of a picture to its 10 nearest texts among some thousand known ones, and r(text) that
of a text to its 10 nearest pictures (for retrieval: Bogolin et al., arXiv:2112.12777). Here the correction becomes part
of the vectors, so that whatever compares them has it:

    image' = [image / sqrt(2),  -r / 2,  1 / 2,  sqrt(1 - r^2) / 2,  0]
    text'  = [text  / sqrt(2),   1 / 2,  -r / 2,  0,  sqrt(1 - r^2) / 2]

Both have unit length, image' . text' is CSLS / 4, and image' . other image' rises with their cosine as before.

Where an encoder was trained on pictures with labels, they can stand among the known pictures too. A label's name lies
near its own pictures, loses by them, and no longer takes those of names that training did not have.
"""

import random
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from clipcore.batches import batched
from clipcore.bundle import Bundle, hash_files
from clipcore.encoder import Encoder
from clipcore.errors import BundleError, TrainingError
from clipcore.evaluation.datasets import DataSet, Example
from clipcore.load import load_encoder
from clipcore.pairs.pair import Pair
from clipcore.pairs.webdataset import read_pairs
from clipcore.progress import Progress
from clipcore.runtimes.base import Vectors

NEIGHBOURS = 10  # as published
BANK = 2_048  # pictures, and texts, that stand for all others
BATCH = 64
ADDED = 4  # features

Side = Literal["image", "text"]


def correct_hubs(
    source: Bundle, tars: Sequence[Path], folder: Path, bank: int = BANK, labelled: DataSet | None = None
) -> Bundle:
    """Writes `source` with the correction in both graphs as a bundle into `folder`, whole or not at all.

    Args:
        tars: WebDataset tars of captioned pictures, unlike those it will be measured on; each gives as many pictures,
            with one caption each, until there are `bank`.
        labelled: pictures with labels that the encoder was trained on; up to `bank` of them stand beside the others.

    Raises:
        BundleError: the folder exists, or `source` is broken.
        TrainingError: a tar cannot be read, they hold fewer than 10 captioned pictures, or `labelled` no labels.
        ImageError: a picture in one cannot be decoded.
    """
    if folder.exists():
        raise BundleError(f"{folder} exists already: choose another folder, or remove it first")
    captioned = draw_bank(tars, bank)
    known: list[Pair | Example] = [*captioned, *(draw_labelled(labelled, bank) if labelled else ())]
    encoder = load_encoder(source.folder)
    texts = encoder.encode_texts([pair.captions[0] for pair in captioned])
    pictures = encode_pictures(encoder, [one.open for one in known])
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder.parent, prefix=".correcting-") as temporary:
        work = Path(temporary) / "bundle"
        work.mkdir()
        for file in source.sha256:
            shutil.copy(source.verified(file), work / file)
        append_correction(work / "image.onnx", texts, "image")
        append_correction(work / "text.onnx", pictures, "text")
        corrected = replace(
            source,
            folder=work,
            dim=source.dim + ADDED,
            logit_scale=2 * source.logit_scale,  # CSLS / 4 is half a cosine
            sha256=hash_files(work),
        )
        corrected.write()
        work.chmod(0o755)
        work.rename(folder)
    return Bundle.read(folder)


def draw_bank(tars: Sequence[Path], count: int) -> list[Pair]:
    """`count` captioned pictures at random, as many from each tar; the same ones every time.

    Raises:
        TrainingError: a tar cannot be read, or they hold fewer than 10.
    """
    rng = random.Random(0)
    drawn: list[Pair] = []
    for place, tar in enumerate(tars):
        captioned = [pair for pair in read_pairs(tar) if pair.captions]
        drawn += rng.sample(captioned, min(len(captioned), (count - len(drawn)) // (len(tars) - place)))
    if len(drawn) < NEIGHBOURS:
        raise TrainingError(
            f"{', '.join(map(str, tars))}: {len(drawn)} captioned pictures, expected at least {NEIGHBOURS}"
        )
    return drawn


def draw_labelled(data: DataSet, count: int) -> list[Example]:
    """`count` pictures with a label at random, or all where there are fewer; the same ones every time.

    Raises:
        TrainingError: the data set cannot be read, or has no labels.
    """
    labelled = [example for example in data if example.label]
    if not labelled:
        raise TrainingError(f"{data} has no pictures with a label")
    return random.Random(0).sample(labelled, min(len(labelled), count))


def encode_pictures(encoder: Encoder, pictures: Sequence[Callable[[], Image.Image]]) -> Vectors:
    """What `pictures` open, as `encoder` sees them: float32 (pictures, dim).

    Raises:
        ImageError: a picture cannot be decoded.
    """
    progress = Progress("pictures of the bank", len(pictures))
    vectors: list[Vectors] = []
    for batch in batched(pictures, BATCH):
        vectors.append(encoder.encode_images([picture() for picture in batch]))
        progress(BATCH * len(vectors))
    return np.concatenate(vectors)


def append_correction(path: Path, bank: Vectors, side: Side) -> None:
    """Ends the graph at `path` in corrected vectors; `bank` (m, dim) are vectors of the other side."""
    model = onnx.load(path, load_external_data=False)  # its weights may lie beside it, and stay there
    graph = model.graph
    (output,) = graph.output
    for node in graph.node:
        for names in (node.input, node.output):
            names[:] = ["hubs_plain" if name == "vectors" else name for name in names]
    graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in _constants(bank).items())
    graph.node.extend(_correction(side))
    output.type.tensor_type.shape.dim[-1].ClearField("dim_param")
    output.type.tensor_type.shape.dim[-1].dim_value = bank.shape[1] + ADDED
    onnx.save(model, path)
    onnx.checker.check_model(str(path))


def _constants(bank: Vectors) -> dict[str, NDArray[np.generic]]:
    return {
        "hubs_bank_fp16": bank.T.astype(np.float16),  # (dim, m)
        "hubs_k": np.array([min(NEIGHBOURS, len(bank))], np.int64),
        "hubs_last_axis": np.array([-1], np.int64),
        "hubs_0": np.array(0, np.float32),
        "hubs_half": np.array(0.5, np.float32),
        "hubs_1": np.array(1, np.float32),
        "hubs_root": np.array(0.5**0.5, np.float32),
    }


def _correction(side: Side) -> list[onnx.NodeProto]:
    """The nodes from "hubs_plain" (n, dim) to "vectors" (n, dim + 4)."""
    added = {"image": "hub a_half rest zero", "text": "a_half hub zero rest"}[side]
    return [
        _node("Cast", "bank_fp16", "bank", to=TensorProto.FLOAT),
        _node("MatMul", "plain bank", "cosines"),  # (n, m)
        _node("TopK", "cosines k", "nearest places", axis=-1, largest=1),
        _node("ReduceMean", "nearest last_axis", "mean", keepdims=1),  # (n, 1)
        _node("Clip", "mean 0 1", "r"),
        _node("Mul", "r half", "half_r"),
        _node("Neg", "half_r", "hub"),
        _node("Mul", "r r", "r_squared"),
        _node("Sub", "1 r_squared", "one_less"),
        _node("Sqrt", "one_less", "root_less"),
        _node("Mul", "root_less half", "rest"),
        _node("Mul", "r 0", "zero"),
        _node("Add", "zero half", "a_half"),
        _node("Mul", "plain root", "shorter"),
        _node("Concat", f"shorter {added}", "vectors", axis=-1),
    ]


def _node(kind: str, inputs: str, outputs: str, **attributes: int) -> onnx.NodeProto:
    """A node whose names, but for those of the graph's own ends, are no names of the graph's."""
    given, made = (
        [name if name == "vectors" else f"hubs_{name}" for name in names.split()] for names in (inputs, outputs)
    )
    return helper.make_node(kind, given, made, name=f"{made[0]}_node", **attributes)
