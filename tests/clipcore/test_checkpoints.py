"""Loading weights: the layouts that work, and one clear line for every file that does not."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from clipcore.architectures import Architecture
from clipcore.checkpoints import load_clip, read_checkpoint, save_clip, sha256_of
from clipcore.clip import CLIP
from clipcore.errors import ArchitectureError, CheckpointError


def published_names(clip: CLIP) -> dict[str, torch.Tensor]:
    return {name.removeprefix("text."): tensor for name, tensor in clip.state_dict().items()}


def message(path: Path, architecture: Architecture | None = None) -> str:
    with pytest.raises(CheckpointError) as caught:
        load_clip(path, architecture)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("layout", ["bare", "trainer", "text prefix", "half", "openai extras", "scale of one"])
def test_layouts(layout: str, small_clip: CLIP, small_architecture: Architecture, tmp_path: Path) -> None:
    path = tmp_path / "weights.pt"
    content: dict[str, object] = dict(published_names(small_clip))
    if layout == "trainer":
        content = {"epoch": 3, "state_dict": {f"module.{name}": tensor for name, tensor in content.items()}}
    elif layout == "text prefix":
        content = dict(small_clip.state_dict())
    elif layout == "half":
        content = {name: tensor.half() for name, tensor in published_names(small_clip).items()}
    elif layout == "openai extras":
        content |= {"input_resolution": torch.tensor(64), "context_length": torch.tensor(77)}
        content |= {"vocab_size": torch.tensor(49408), "attn_mask": torch.zeros(77, 77)}
    elif layout == "scale of one":
        content["logit_scale"] = small_clip.logit_scale.reshape(1)
    torch.save(content, path)
    assert read_checkpoint(path).architecture is None
    loaded, _ = load_clip(path, small_architecture)
    for name, tensor in small_clip.state_dict().items():
        assert torch.allclose(loaded.state_dict()[name], tensor, atol=1e-3 if layout == "half" else 0)


def test_safetensors_round_trip(small_clip: CLIP, small_architecture: Architecture, tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    save_clip(small_clip, path)
    loaded, checkpoint = load_clip(path)  # a size without a name: the file carries all of it
    assert checkpoint.architecture == loaded.architecture == small_architecture
    assert torch.equal(loaded.visual.proj, small_clip.visual.proj)


def test_missing(tmp_path: Path) -> None:
    assert "no such weights file" in message(tmp_path / "absent.pt")


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
@pytest.mark.parametrize("keep", [0.0, 0.01, 0.5, 0.99])
def test_cut_short(
    suffix: str, keep: float, small_clip: CLIP, small_architecture: Architecture, tmp_path: Path
) -> None:
    whole, cut = tmp_path / f"whole{suffix}", tmp_path / f"cut{suffix}"
    if suffix == ".pt":
        torch.save(published_names(small_clip), whole)
    else:
        save_clip(small_clip, whole)
    content = whole.read_bytes()
    cut.write_bytes(content[: int(len(content) * keep)])
    assert str(cut) in message(cut, small_architecture)


@pytest.mark.parametrize("content", [b"root:x:0:0:root:/root:/bin/bash\n", b"q\x00", b"not weights", b"\x80\x02."])
def test_what_is_no_pickle_at_all(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "notes.pt"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="notes.pt is cut short, or holds more than tensors: "):
        read_checkpoint(path)


def test_torchscript_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "archive.pt"
    with pytest.warns(DeprecationWarning):
        torch.jit.script(nn.Linear(2, 2)).save(str(path))  # type: ignore[no-untyped-call]
    assert "TorchScript archive, which is a program" in message(path)


class Evil:
    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (Path("ran-code"),))


def test_pickles_that_would_run_code_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"state_dict": Evil()}, tmp_path / "evil.pt")
    assert "more than tensors" in message(tmp_path / "evil.pt")
    assert not (tmp_path / "ran-code").exists()


def test_other_content(tmp_path: Path) -> None:
    torch.save([1, 2, 3], tmp_path / "list.pt")
    assert "holds no state dict" in message(tmp_path / "list.pt")
    torch.save({"layer.weight": torch.zeros(2)}, tmp_path / "other.pt")
    assert "holds no CLIP" in message(tmp_path / "other.pt")


def test_without_an_architecture_the_message_says_what_fits(tmp_path: Path) -> None:
    from clipcore.architectures import get_architecture

    with torch.device("meta"):
        shapes = {name: tensor.shape for name, tensor in published_names(CLIP(get_architecture("ViT-B-32"))).items()}
    torch.save({name: torch.zeros(()).expand(shape) for name, shape in shapes.items()}, tmp_path / "bare.pt")
    text = message(tmp_path / "bare.pt")
    assert "pass architecture=" in text and "ViT-B-32-quickgelu" in text


def test_the_wrong_architecture(small_clip: CLIP, tmp_path: Path) -> None:
    from clipcore.architectures import get_architecture

    torch.save(published_names(small_clip), tmp_path / "small.pt")
    assert "does not fit ViT-B-32" in message(tmp_path / "small.pt", get_architecture("ViT-B-32"))


def test_an_architecture_of_a_file_that_nobody_knows(
    small_clip: CLIP, small_architecture: Architecture, tmp_path: Path
) -> None:
    path = tmp_path / "weights.safetensors"
    save_file(published_names(small_clip), path, metadata={"architecture": "small"})
    with pytest.raises(ArchitectureError, match="unknown architecture 'small'"):
        load_clip(path)
    assert load_clip(path, small_architecture)[0].architecture == small_architecture
    save_file(published_names(small_clip), path, metadata={"shape": '{"name": "small"}'})
    assert "does not say its architecture in a way clipcore reads" in message(path)


def test_a_file_that_changed_is_hashed_again(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    hashes = set()
    for content in (b"one", b"two", b"three"):
        path.write_bytes(content)
        hashes.add(sha256_of(path))
    assert len(hashes) == 3
