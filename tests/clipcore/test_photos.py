from pathlib import Path

from clipcore.photos import find_photos


def test_folders_are_walked_in_order_and_files_taken_as_they_are(tmp_path: Path) -> None:
    for name in ("b/2.JPG", "b/1.heic", "a.png", "notes.txt", ".hidden.jpg", ".trash/x.jpg", "b/._1.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = list(find_photos([tmp_path, tmp_path / "notes.txt", tmp_path / "absent.jpg"]))
    names = [path.relative_to(tmp_path).as_posix() for path in found]
    assert names == ["a.png", "b/1.heic", "b/2.JPG", "notes.txt", "absent.jpg"]
