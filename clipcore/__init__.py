"""clipcore: CLIP (Radford et al., arXiv:2103.00020) - two encoders, one space. No folders, no database, no web.

>>> import clipcore
>>> encoder = clipcore.load_encoder("starter")
>>> encoder.encode_texts(["a cat"]) @ encoder.encode_images(["cat.jpg"]).T
"""

from clipcore.encoder import Encoder
from clipcore.errors import ClipcoreError
from clipcore.load import load_encoder

__all__ = ["ClipcoreError", "Encoder", "load_encoder"]
