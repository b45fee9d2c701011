from indexer.companions import LONGEST_CLIP, photos_of_folder
from indexer.walk import FoundFile


def photos(*names: str, size: int = 1) -> dict[str, str | None]:
    found = photos_of_folder(FoundFile(f"/p/{name}", size, 7) for name in names)
    return {file.path.removeprefix("/p/"): file.sidecar and file.sidecar.removeprefix("/p/") for file in found}


def test_a_sidecar_belongs_to_its_photo_and_is_none_itself() -> None:
    assert photos("a.jpg", "a.xmp", "b.png", "b.png.XMP", "c.xmp") == {"a.jpg": "a.xmp", "b.png": "b.png.XMP"}


def test_the_sidecar_with_the_extension_knows_which_file_it_means() -> None:
    assert photos("a.jpg", "a.png", "a.xmp", "a.png.xmp") == {"a.jpg": "a.xmp", "a.png": "a.png.xmp"}


def test_a_live_photo_is_one_photo() -> None:
    assert photos("IMG_1.HEIC", "IMG_1.MOV", "IMG_2.jpg", "img_2.mov") == {"IMG_1.HEIC": None, "IMG_2.jpg": None}


def test_a_video_alone_or_a_long_one_is_a_video() -> None:
    assert photos("IMG_1.MOV", "IMG_2.png", "IMG_2.mov") == {"IMG_1.MOV": None, "IMG_2.png": None, "IMG_2.mov": None}
    assert "IMG_1.MOV" in photos("IMG_1.HEIC", "IMG_1.MOV", size=LONGEST_CLIP + 1)
