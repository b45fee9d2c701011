import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image, ImageEnhance
from sqlalchemy import delete, select, update

from app.cli import main
from indexer.alike import follow_alike, update_alike
from indexer.catalog import Alike, Clock, Content, ContentLooks, Likeness, Photo
from indexer.duplicates import Group, Kind, Shot, by_preference, connected, find_duplicates, is_compared
from indexer.folders import add_folder
from indexer.ingest import ingest
from indexer.library import Library
from indexer.looks import sharpness_of
from indexer.near import COPY_BITS, may_be_near, near_copies, near_moments
from indexer.settings import load_settings
from tests.conftest import on_both_databases

SIZE = (480, 320)
MODEL, DATE, EXIF_FOLDER = 0x0110, 0x9003, 0x8769


def scene(seed: int, size: tuple[int, int] = SIZE) -> Image.Image:
    """Soft shapes and edges that no other seed gives, with some grain."""
    rng = np.random.default_rng(seed)
    soft = Image.fromarray(rng.integers(0, 256, (6, 9, 3), dtype=np.uint8)).resize(size, Image.Resampling.BICUBIC)
    edges = Image.fromarray(rng.integers(0, 256, (9, 13, 3), dtype=np.uint8)).resize(size, Image.Resampling.NEAREST)
    mixed = np.asarray(Image.blend(soft, edges, 0.3), np.float32)
    grain = rng.normal(0, 4, mixed.shape[:2])[..., None]
    return Image.fromarray((mixed + grain).clip(0, 255).astype(np.uint8))


def shot(path: Path, image: Image.Image, camera: str | None = None, taken: str | None = None, **options: int) -> Path:
    exif = Image.Exif()
    if camera:
        exif[MODEL] = camera
    if taken:
        exif.get_ifd(EXIF_FOLDER)[DATE] = f"2024:05:01 {taken}"
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, exif=exif, **({"quality": 92} | options))
    return path


def cropped(image: Image.Image, left: float, top: float, right: float, bottom: float) -> Image.Image:
    w, h = image.size
    return image.crop((round(left * w), round(top * h), round((1 - right) * w), round((1 - bottom) * h)))


EDITS: dict[str, Callable[[Path, Image.Image], object]] = {
    "half": lambda path, image: shot(path / "half.jpg", image.resize((SIZE[0] // 2, SIZE[1] // 2))),
    "quality 40": lambda path, image: shot(path / "q40.jpg", image, quality=40),
    "another format": lambda path, image: shot(path / "converted.webp", image),
    "without loss": lambda path, image: image.save(path / "converted.png"),
    "cropped": lambda path, image: shot(path / "cropped.jpg", cropped(image, 0.01, 0.01, 0.01, 0.01)),
    "brighter": lambda path, image: shot(path / "brighter.jpg", ImageEnhance.Brightness(image).enhance(1.1)),
}


@pytest.fixture
def library(own_home: Path) -> Iterator[Library]:
    """With one decoder: starting processes is most of what these tests would wait for."""
    opened = Library(load_settings(batch_size=4, decode_workers=1))
    yield opened
    opened.close()


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Six different pictures."""
    root = tmp_path / "photos"
    for seed in range(6):
        shot(root / f"{seed}.jpg", scene(seed))
    return root


def index(library: Library, root: Path, **options: bool) -> None:
    folder, below = add_folder(library.catalog, root)
    ingest(library, folder, below=below, **options)  # type: ignore[arg-type]


def named(group: Group) -> tuple[str, set[str]]:
    return Path(group.best.path).name, {Path(other.path).name for other in group.others}


def groups(library: Library, **options: bool) -> list[tuple[str, str, set[str]]]:
    return [(group.kind.value, *named(group)) for group in find_duplicates(library, **options).groups]


def pairs(library: Library) -> set[tuple[str, str, Likeness]]:
    with library.catalog.reading() as session:
        names = {id_: Path(path).name for id_, path in session.execute(select(Photo.content_id, Photo.path))}
        rows = session.scalars(select(Alike)).all()
    return {(*sorted((names[row.first_id], names[row.second_id])), row.likeness) for row in rows}  # type: ignore[misc]


def test_every_edit_is_found_and_its_original_proposed_and_nothing_else(library: Library, photos: Path) -> None:
    for seed, edit in enumerate(EDITS.values()):
        edit(photos, scene(seed))
    for seed in range(6, 14):
        shot(photos / f"{seed}.jpg", scene(seed))
    index(library, photos)
    names = ["half.jpg", "q40.jpg", "converted.webp", "converted.png", "cropped.jpg", "brighter.jpg"]
    assert groups(library) == [("near", f"{seed}.jpg", {name}) for seed, name in enumerate(names)]
    with library.catalog.reading() as session:
        assert len(session.scalars(select(ContentLooks)).all()) == 20, "all were compared"


def test_a_colour_is_no_copy_of_another(library: Library, photos: Path) -> None:
    """The hash sees grey alone."""
    grey = scene(3).convert("L")
    for name, channels in (("red", (255, 60, 60)), ("blue", (60, 60, 255))):
        toned = np.stack([np.asarray(grey, np.float32) * c / 255 for c in channels], axis=-1)
        shot(photos / f"{name}.jpg", Image.fromarray(toned.astype(np.uint8)))
    index(library, photos)
    assert {name for _, best, others in groups(library) for name in (best, *others)}.isdisjoint({"red.jpg"})


def test_a_burst_is_one_group_and_can_be_left_out(library: Library, photos: Path) -> None:
    for second, (camera, share) in enumerate([("One", 0.0), ("One", 0.05), ("One", 0.08)]):
        shot(photos / f"burst{second}.jpg", cropped(scene(50), share, 0, 0, share / 2), camera, f"10:00:0{second}")
    shot(photos / "stranger.jpg", scene(51), "One", "10:00:01")  # the same moment, another picture
    index(library, photos)
    assert groups(library) == [("burst", "burst0.jpg", {"burst1.jpg", "burst2.jpg"})]
    assert groups(library, bursts=False) == []


def test_another_camera_or_moment_is_no_burst(library: Library, tmp_path: Path) -> None:
    shot(tmp_path / "photos" / "a.jpg", scene(50), "One", "10:00:00")
    for n, (camera, taken) in enumerate([("Two", "10:00:01"), ("One", "10:00:30"), (None, "10:00:01")]):
        shot(tmp_path / "photos" / f"{n}.jpg", cropped(scene(50), 0.08 * (n + 1), 0, 0, 0.05), camera, taken)
    index(library, tmp_path / "photos")
    assert groups(library) == []


def test_the_same_look_a_second_later_is_a_burst_not_a_copy(library: Library, photos: Path) -> None:
    shot(photos / "a.jpg", scene(50), "One", "10:00:00")
    shot(photos / "edit.jpg", scene(50), "One", "10:00:00", quality=70)
    shot(photos / "next.jpg", scene(50), "One", "10:00:01", quality=80)
    index(library, photos)
    assert groups(library) == [("burst", "a.jpg", {"edit.jpg", "next.jpg"})]
    assert groups(library, bursts=False) == [("near", "a.jpg", {"edit.jpg"})]


def test_paths_of_one_content_are_exact_copies(library: Library, photos: Path) -> None:
    shutil.copy(photos / "2.jpg", photos / "2 (copy).jpg")
    index(library, photos)
    assert groups(library) == [("exact", "2.jpg", {"2 (copy).jpg"})]


@on_both_databases
def test_a_library_that_grew_has_the_pairs_of_one_compared_in_one_go(library: Library, photos: Path) -> None:
    for part in (list(EDITS)[:3], list(EDITS)[3:]):
        index(library, photos)
        find_duplicates(library)
        for name in part:
            seed = list(EDITS).index(name)
            EDITS[name](photos, scene(seed))
            shot(photos / f"burst{seed}.jpg", cropped(scene(60), seed / 60, 0, 0, 0), "One", f"10:00:0{seed}")
    index(library, photos)
    grown = find_duplicates(library).groups
    of_grown = pairs(library)
    assert len(of_grown) > 8 and {likeness for *_, likeness in of_grown} == set(Likeness)
    with library.catalog.writing() as (session, _):
        session.execute(delete(Alike))
        session.execute(update(Clock).values(compared_at=0, compared_by=None))
    assert find_duplicates(library).groups == grown
    assert pairs(library) == of_grown


def forget_comparison(library: Library) -> None:
    """As in a library from before there were comparisons."""
    with library.catalog.writing() as (session, _):
        for table in (Alike, ContentLooks):
            session.execute(delete(table))
        session.execute(update(Clock).values(compared_at=0, compared_by=None))


@on_both_databases
def test_copies_are_grouped_as_they_are_indexed_and_only_what_changed_is_compared(
    library: Library, photos: Path
) -> None:
    index(library, photos)
    EDITS["half"](photos, scene(1))
    index(library, photos)
    assert pairs(library) == {("1.jpg", "half.jpg", Likeness.COPY)}, "nobody had to ask"
    assert update_alike(library) == 0
    with library.catalog.writing() as (session, revision):
        session.execute(update(Content).where(Content.id == 2).values(revision=revision))
    assert update_alike(library) == 1
    assert pairs(library) == {("1.jpg", "half.jpg", Likeness.COPY)}
    revision = library.catalog.revision()
    find_duplicates(library)
    assert library.catalog.revision() == revision, "nothing to do writes nothing"
    (photos / "half.jpg").unlink()
    index(library, photos)
    assert pairs(library) == set()


def test_a_comparison_that_was_ended_is_made_up_for(library: Library, photos: Path) -> None:
    EDITS["half"](photos, scene(1))
    index(library, photos)
    forget_comparison(library)
    follow_alike(library, lambda: True)
    assert pairs(library) == set() and not is_compared(library)
    index(library, photos)
    assert is_compared(library)
    assert pairs(library) == {("1.jpg", "half.jpg", Likeness.COPY)}


@on_both_databases
def test_what_is_gone_leaves_its_group_and_comes_back_to_it(library: Library, photos: Path) -> None:
    for edit in ("half", "quality 40"):
        EDITS[edit](photos, scene(3))
    index(library, photos)
    assert groups(library) == [("near", "3.jpg", {"half.jpg", "q40.jpg"})]
    (photos / "3.jpg").rename(photos.parent / "away.jpg")
    index(library, photos)
    assert groups(library) == [("near", "q40.jpg", {"half.jpg"})]
    (photos / "half.jpg").unlink()
    index(library, photos)
    assert groups(library) == []
    (photos.parent / "away.jpg").rename(photos / "3.jpg")
    index(library, photos)
    assert groups(library) == [("near", "3.jpg", {"q40.jpg"})]


def test_a_picture_that_was_changed_leaves_its_group(library: Library, photos: Path) -> None:
    EDITS["half"](photos, scene(3))
    index(library, photos)
    assert len(groups(library)) == 1
    shot(photos / "half.jpg", scene(70))
    index(library, photos)
    assert groups(library) == []


def test_a_library_from_before_is_looked_at_from_its_thumbnails(library: Library, photos: Path) -> None:
    EDITS["half"](photos, scene(3))
    index(library, photos)
    forget_comparison(library)
    moved = photos.rename(photos.parent / "unplugged")  # no photo can be read
    seen: list[tuple[int, int]] = []
    found = find_duplicates(library, progress=lambda done, total: seen.append((done, total)))
    assert [named(group) for group in found.groups] == [("3.jpg", {"half.jpg"})]
    assert seen == [(7, 7)]
    assert moved.exists()


def test_a_thumbnail_that_is_lost_is_said_and_looked_at_once_it_is_back(library: Library, photos: Path) -> None:
    EDITS["half"](photos, scene(3))
    index(library, photos)
    forget_comparison(library)
    with library.catalog.reading() as session:
        query = select(Content.sha256).join(Photo).where(Photo.path.endswith("half.jpg"))
        thumbnail = library.thumbnails.path(session.execute(query).scalar_one())
    kept = thumbnail.read_bytes()
    thumbnail.write_bytes(b"damaged")
    found = find_duplicates(library)
    assert (found.groups, found.unseen) == ([], 1)
    thumbnail.write_bytes(kept)
    found = find_duplicates(library)
    assert (len(found.groups), found.unseen) == (1, 0)


def test_hashes_within_six_bits_always_meet_and_with_nine_never() -> None:
    rng = np.random.default_rng(0)
    for bits in (0, 1, 4, 6, COPY_BITS + 1, 12):
        looks = rng.integers(0, 2**63, 400, dtype=np.uint64)
        for place in range(0, 400, 2):
            flipped = rng.choice(64, bits, replace=False).astype(np.uint64)
            looks[place + 1] = looks[place] ^ np.bitwise_or.reduce(np.uint64(1) << flipped, initial=np.uint64(0))
        found = near_copies(looks, np.zeros((len(looks), 4), np.uint64), np.zeros_like(looks), np.ones(400, np.bool_))
        expected = [] if bits > COPY_BITS else [[place, place + 1] for place in range(0, 400, 2)]
        assert found.tolist() == expected


def test_what_may_be_near_a_changed_picture_holds_what_is() -> None:
    rng = np.random.default_rng(0)
    looks = rng.integers(0, 2**63, 2_000, dtype=np.uint64)
    looks[1::2] = looks[::2] ^ (np.uint64(7) << rng.integers(0, 60, 1_000, dtype=np.uint64))
    same = np.zeros((2_000, 4), np.uint64)
    for some in (3, 300):  # each by itself, and by blocks
        changed = np.zeros(2_000, np.bool_)
        changed[rng.choice(2_000, some, replace=False)] = True
        among = np.flatnonzero(may_be_near(looks, changed))
        assert some <= len(among) < 2_000
        found = near_copies(looks[among], same[among], looks[among] * np.uint64(0), changed[among])
        assert among[found].tolist() == near_copies(looks, same, looks * np.uint64(0), changed).tolist()
    assert not may_be_near(looks, np.zeros(2_000, np.bool_)).any()


def test_what_is_composed_alike_is_told_apart_by_detail() -> None:
    looks, details = np.full(3, 7, np.uint64), np.zeros((3, 4), np.uint64)
    details[1, 0], details[2, :2] = 2**32 - 1, 2**33 - 1  # 32 bits and 66
    found = near_copies(looks, details, np.zeros_like(looks), np.ones(3, np.bool_))
    assert found.tolist() == [[0, 1]]


def test_only_pairs_with_a_changed_picture_are_given() -> None:
    looks = np.full(5, 7, np.uint64)
    changed = np.array([False, False, True, False, False])
    beside = [[0, 2], [1, 2], [2, 3], [2, 4]]
    assert near_copies(looks, np.zeros((len(looks), 4), np.uint64), np.zeros_like(looks), changed).tolist() == beside
    moments, cameras = np.array([9, 8, 7, 6, 100]), np.array([0, 0, 0, 0, 0])
    assert sorted(near_moments(looks, moments, cameras, changed).tolist()) == beside[:3]
    assert near_moments(looks, moments, np.full(5, -1), changed).tolist() == []


def test_components_are_connected() -> None:
    assert connected([(5, 2), (3, 2), (9, 8), (7, 7)]) == [[2, 3, 5], [7], [8, 9]]


def made(**values: object) -> Shot:
    usual = {
        "id": 1,
        "content_id": 1,
        "path": "/p/a.jpg",
        "width": 40,
        "height": 30,
        "format": "JPEG",
        "size": 1000,
        "mtime_ns": 5,
    }
    return Shot(**(usual | {"sharpness": 100.0, "rating": None, "taken_at": None} | values))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("best", "other"),
    [
        ({"width": 80, "sharpness": 50.0}, {"rating": 5}),
        ({"sharpness": 200.0}, {"rating": 5}),
        ({"sharpness": 190.0, "rating": 1}, {"sharpness": 200.0}),
        ({}, {"size": 500, "mtime_ns": 1}),
        ({}, {"size": 5000, "format": "PNG", "mtime_ns": 6}),
        ({"mtime_ns": 4}, {"path": "/p"}),
        ({"path": "/p/b.jpg"}, {"path": "/p/a (1).jpg"}),
        ({"path": "/p/a.jpg"}, {"path": "/p/b.jpg"}),
        ({}, {"rating": -1, "width": 80, "sharpness": 900.0}),
    ],
)
def test_the_best_shot(best: dict[str, object], other: dict[str, object]) -> None:
    for order in ((best, other), (other, best)):
        assert by_preference([made(**values) for values in order])[0] == made(**best)


def test_the_sharp_one_of_a_burst_is_proposed(library: Library, photos: Path) -> None:
    from PIL import ImageFilter

    shot(photos / "blurred.jpg", scene(50).filter(ImageFilter.GaussianBlur(3)), "One", "10:00:00", quality=99)
    shot(photos / "sharp.jpg", cropped(scene(50), 0, 0, 0, 0), "One", "10:00:01")
    index(library, photos)
    assert groups(library) == [("burst", "sharp.jpg", {"blurred.jpg"})]
    assert sharpness_of(Image.new("RGB", (2, 2))) == 0


def command(*words: str) -> tuple[str, str]:
    result = CliRunner().invoke(main, ["duplicates", *words])
    assert result.exit_code == 0, result.output
    return result.stdout, result.stderr


def test_the_command_shows_groups_prints_paths_and_json(library: Library, photos: Path) -> None:
    assert command() == ("", "none\n")
    EDITS["half"](photos, scene(3))
    shutil.copy(photos / "2.jpg", photos / "2 (copy).jpg")
    index(library, photos)
    shown, said = command()
    assert shown.splitlines() == [
        "the same bytes:",
        f"  *     480 x 320 {(photos / '2.jpg').stat().st_size:>12,} bytes  {photos}/2.jpg",
        f"        480 x 320 {(photos / '2.jpg').stat().st_size:>12,} bytes  {photos}/2 (copy).jpg",
        "the same picture:",
        f"  *     480 x 320 {(photos / '3.jpg').stat().st_size:>12,} bytes  {photos}/3.jpg",
        f"        240 x 160 {(photos / 'half.jpg').stat().st_size:>12,} bytes  {photos}/half.jpg",
    ]
    assert said == "2 groups; 2 photos beside the best ones\n"
    assert command("--paths")[0].splitlines() == [f"{photos}/2 (copy).jpg", f"{photos}/half.jpg"]
    told = json.loads(command("--json", "--no-bursts")[0])
    assert [(group["kind"], Path(group["best"]["path"]).name) for group in told] == [
        (Kind.EXACT, "2.jpg"),
        (Kind.NEAR, "3.jpg"),
    ]
    assert all(path.exists() for path in paths_in(told)), "nothing is deleted"


def paths_in(told: list[dict[str, object]]) -> list[Path]:
    return [Path(shot["path"]) for group in told for shot in [group["best"], *group["others"]]]  # type: ignore[index,misc]
