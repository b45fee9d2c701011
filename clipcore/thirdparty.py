"""The one door to open_clip, timm and transformers, which import torchvision.

Its public wheel does not fit a CPU build of torch: torchvision then fails at import because two of its compiled
operators are missing. None of the three uses them for what clipcore asks of it, so they are declared (without an
implementation) and the import is tried again.
"""

import importlib
import sys
from functools import cache
from types import ModuleType

import torch

_MISSING_OPERATORS = ("nms", "qnms")
_libraries: list[torch.library.Library] = []  # a declaration lives as long as its Library object


@cache
def import_open_clip() -> ModuleType:
    """The open_clip module."""
    _make_torchvision_importable()
    return importlib.import_module("open_clip")


@cache
def import_timm() -> ModuleType:
    """The timm module."""
    _make_torchvision_importable()
    return importlib.import_module("timm")


@cache
def import_transformers() -> ModuleType:
    """The transformers module, without its notes on what it loads."""
    _make_torchvision_importable()
    transformers = importlib.import_module("transformers")
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    return transformers


def _make_torchvision_importable() -> None:
    try:
        importlib.import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[name]  # half-imported
        library = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
        for operator in _MISSING_OPERATORS:
            library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")  # type: ignore[no-untyped-call]
        _libraries.append(library)
        importlib.import_module("torchvision")
