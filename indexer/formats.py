"""What is read: formats as Pillow names them, and the extensions of files that are looked at."""

import enum
import os
from pathlib import Path

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "HEIF", "AVIF", "JPEG2000")  # MPO opens as JPEG
PICTURES = frozenset(
    (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".webp", ".gif", ".tif", ".tiff", ".bmp")
    + (".heic", ".heif", ".hif", ".avif", ".jp2", ".j2k", ".jpx")
)
RAWS = frozenset(
    (".dng", ".cr2", ".cr3", ".crw", ".nef", ".nrw", ".arw", ".sr2", ".srf", ".raf", ".orf", ".rw2", ".pef", ".srw")
    + (".raw", ".rwl", ".iiq", ".3fr", ".fff", ".erf", ".mef", ".mos", ".mrw", ".kdc", ".dcr", ".x3f")
)
VIDEOS = frozenset((".mp4", ".m4v", ".mov", ".3gp", ".mkv", ".webm", ".avi", ".mts", ".m2ts", ".mpg", ".mpeg"))
EXTENSIONS = PICTURES | RAWS | VIDEOS
SIDECAR = ".xmp"


class ContentKind(enum.StrEnum):
    PHOTO = "photo"
    RAW = "raw"  # a camera's raw file
    VIDEO = "video"  # found by its frames


def is_video(path: str | Path) -> bool:
    """Whether a file is a video, by its extension."""
    return os.path.splitext(path)[1].lower() in VIDEOS
