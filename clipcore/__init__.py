"""clipcore: CLIP (Radford et al., arXiv:2103.00020) - two encoders, one space. No folders, no database, no web.

>>> import clipcore
>>> encoder = clipcore.load_encoder("starter")
>>> encoder.encode_texts(["a cat"]) @ encoder.encode_images(["cat.jpg"]).T
"""

from typing import TYPE_CHECKING, Any

from clipcore.errors import ClipcoreError

if TYPE_CHECKING:
    from clipcore.encoder import Encoder
    from clipcore.load import load_encoder

__all__ = ["ClipcoreError", "Encoder", "load_encoder"]


def __getattr__(name: str) -> Any:
    """Imports the encoder when it is asked for: errors and file names cost nobody a second."""
    if name == "Encoder":
        from clipcore.encoder import Encoder as found
    elif name == "load_encoder":
        from clipcore.load import load_encoder as found  # type: ignore[assignment]
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return found
