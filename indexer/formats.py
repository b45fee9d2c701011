"""What is read: formats as Pillow names them, and the extensions of files that are looked at."""

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "HEIF", "AVIF", "JPEG2000")  # MPO opens as JPEG
PICTURES = frozenset(
    (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".webp", ".gif", ".tif", ".tiff", ".bmp")
    + (".heic", ".heif", ".hif", ".avif", ".jp2", ".j2k", ".jpx")
)
EXTENSIONS = PICTURES
SIDECAR = ".xmp"
