"""Random weights for rclip 4, which needs a model hub otherwise: python -m bench.rclip_model FOLDER

Writes ViT-B-32-256 as the two ONNX graphs rclip expects below `RCLIP_DATADIR`, so that its speed can be measured. What
it then finds means nothing.
"""

import shutil
import sys
import warnings
from pathlib import Path

import torch

from bench.random_clip import random_clip
from clipcore.architectures import open_clip_folder

MODEL = "ViT-B-32-256-datacomp_s34b_b86k"
MERGES = "bpe_simple_vocab_16e6.txt.gz"


def write_model(datadir: Path) -> None:
    """Fills `datadir` unless it is filled already."""
    folder = datadir / MODEL
    if (folder / "textual.onnx").is_file():
        return
    folder.mkdir(parents=True, exist_ok=True)
    (datadir / "tokenizer").mkdir(exist_ok=True)
    shutil.copy(open_clip_folder() / MERGES, datadir / "tokenizer" / MERGES)
    for name in ("LICENSE", "OPENAI-CLIP-MIT.txt", "README.md", "THIRD_PARTY_NOTICES.md"):
        (datadir / name).touch()
    clip = random_clip()
    for name, tower, example in (
        ("visual.onnx", clip.visual, torch.zeros(2, 3, 256, 256)),
        ("textual.onnx", clip.text, torch.ones(2, 77, dtype=torch.int64)),
    ):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                tower,
                (example,),
                folder / name,
                input_names=["input"],
                output_names=["output"],
                dynamic_axes={"input": {0: "n"}, "output": {0: "n"}},
                opset_version=18,
                dynamo=False,
            )


if __name__ == "__main__":
    write_model(Path(sys.argv[1]))
