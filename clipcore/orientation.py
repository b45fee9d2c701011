"""Which way up a camera was held (Exif 2.32, tag 274), and what turns its picture upright."""

from PIL import ExifTags, Image

Box = tuple[float, float, float, float]  # left, top, right, bottom, in pixels

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
SWAPPING = {_TURNS[orientation] for orientation in (5, 6, 7, 8)}  # turns that make width of height
_MIRRORED_X = {_TURNS[orientation] for orientation in (2, 3, 6, 7)}  # the left edge comes from the right or the bottom
_MIRRORED_Y = {_TURNS[orientation] for orientation in (3, 4, 7, 8)}  # the top edge comes from the bottom or the right


def exif_of(image: Image.Image) -> Image.Exif:
    """The picture's EXIF; empty where it is damaged, which is no reason to lose the picture."""
    try:
        return image.getexif()
    except Exception:  # parsers of hostile bytes raise anything
        return Image.Exif()


def turn_of(exif: Image.Exif) -> Image.Transpose | None:
    """What turns the picture upright; None where it is, or does not say."""
    return _TURNS.get(exif.get(ExifTags.Base.Orientation, 1))


def turn_box(box: Box, size: tuple[int, int], turn: Image.Transpose | None) -> Box:
    """Where `box` of a picture of `size` (width, height) lies once the picture is turned."""
    left, top, right, bottom = box
    width, height = size
    if turn in SWAPPING:
        left, top, right, bottom = top, left, bottom, right
        width, height = height, width
    if turn in _MIRRORED_X:
        left, right = width - right, width - left
    if turn in _MIRRORED_Y:
        top, bottom = height - bottom, height - top
    return left, top, right, bottom
