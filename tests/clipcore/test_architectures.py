"""The paper's sizes: its tables (appendix F, 19 and 20), and the parameter counts that follow from them."""

from dataclasses import asdict
from typing import NamedTuple

import pytest
import torch

from clipcore.architectures import PUBLISHED, ResNetShape, ViTShape, from_open_clip_config, get_architecture
from clipcore.clip import CLIP
from clipcore.errors import ArchitectureError
from clipcore.thirdparty import import_open_clip


class Row(NamedTuple):
    """A line of the paper's tables, and the golden number of parameters (open_clip's count)."""

    embed_dim: int
    resolution: int
    layers: int | tuple[int, ...]
    width: int
    heads: int
    text_width: int
    text_heads: int
    parameters: int


TABLE = {
    "RN50": Row(1024, 224, (3, 4, 6, 3), 2048, 32, 512, 8, 102_007_137),
    "RN101": Row(512, 224, (3, 4, 23, 3), 2048, 32, 512, 8, 119_688_033),
    "RN50x4": Row(640, 288, (4, 6, 10, 6), 2560, 40, 640, 10, 178_300_601),
    "RN50x16": Row(768, 384, (6, 8, 18, 8), 3072, 48, 768, 12, 290_979_217),
    "RN50x64": Row(1024, 448, (3, 15, 36, 10), 4096, 64, 1024, 16, 623_258_305),
    "ViT-B-32": Row(512, 224, 12, 768, 12, 512, 8, 151_277_313),
    "ViT-B-16": Row(512, 224, 12, 768, 12, 512, 8, 149_620_737),
    "ViT-L-14": Row(768, 224, 24, 1024, 16, 768, 12, 427_616_513),
    "ViT-L-14-336": Row(768, 336, 24, 1024, 16, 768, 12, 427_944_193),
}


def test_all_nine_are_there() -> None:
    assert set(PUBLISHED) == set(TABLE)


@pytest.mark.parametrize("name", TABLE)
def test_the_papers_table(name: str) -> None:
    architecture, row = PUBLISHED[name], TABLE[name]
    vision, text = architecture.vision, architecture.text
    final_width = vision.width * 32 if isinstance(vision, ResNetShape) else vision.width
    assert (architecture.embed_dim, vision.image_size, vision.layers) == row[:3]
    assert (final_width, vision.heads) == (row.width, row.heads)
    assert (text.layers, text.width, text.heads) == (12, row.text_width, row.text_heads)
    assert (text.context_length, text.vocab_size) == (77, 49_408)
    if isinstance(vision, ViTShape):
        assert name.split("-")[2] == str(vision.patch_size)


@pytest.mark.parametrize("name", TABLE)
def test_the_number_of_parameters(name: str) -> None:
    open_clip = import_open_clip()
    with torch.device("meta"):
        ours, theirs = CLIP(PUBLISHED[name]), open_clip.model.CLIP(**open_clip.get_model_config(name))
    assert sum(p.numel() for p in ours.parameters()) == TABLE[name].parameters
    assert sum(p.numel() for p in theirs.parameters()) == TABLE[name].parameters


@pytest.mark.parametrize("name", TABLE)
def test_the_parameter_names_are_the_published_ones(name: str) -> None:
    open_clip = import_open_clip()
    with torch.device("meta"):
        ours, theirs = CLIP(PUBLISHED[name]), open_clip.model.CLIP(**open_clip.get_model_config(name))
    published = {key: value.shape for key, value in theirs.state_dict().items()}
    assert {key.removeprefix("text."): value.shape for key, value in ours.state_dict().items()} == published


@pytest.mark.parametrize("name", TABLE)
def test_the_table_is_open_clips(name: str) -> None:
    config = import_open_clip().get_model_config(name)
    assert asdict(get_architecture(name)) == asdict(from_open_clip_config(name, config))


def test_what_is_not_the_papers_is_refused() -> None:
    with pytest.raises(ArchitectureError, match="unknown architecture 'ViT-B-99'"):
        get_architecture("ViT-B-99")
    with pytest.raises(ArchitectureError, match="does not build"):
        get_architecture("coca_ViT-B-32")
