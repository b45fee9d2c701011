"""Videos, made here: found by frames with their times."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image
from sqlalchemy import select

from clipcore.preprocess import Preprocessing
from indexer.catalog import Content, ContentKind, Frame, FrameVector, Photo, PhotoMetadata, Vector
from indexer.errors import PhotoError
from indexer.folders import add_folder
from indexer.ingest import ingest
from indexer.library import Library
from indexer.photo import Limits, decode, describe
from indexer.stored import STORED_DTYPE
from indexer.video import MOST_FRAMES, frame_at, sample_frames
from tests.conftest import paint

SQUASH = Preprocessing(size=64, resize="squash")
RED, BLUE = (220, 30, 30), (30, 30, 220)


def film(path: Path, seconds: float, rotation: int = 0, codec: str = "mpeg4", **metadata: str) -> Path:
    """Two frames a second: red in its first half, blue in its second; a green bar along the top."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        container.metadata.update(metadata)
        stream = container.add_stream(codec, rate=2, options={"g": "2"})
        stream.width, stream.height, stream.pix_fmt, stream.time_base = 160, 96, "yuv420p", Fraction(1, 2)
        if rotation:
            stream.set_display_rotation(rotation)
        count = int(seconds * 2)
        for number in range(count):
            pixels = np.full((96, 160, 3), RED if number < count / 2 else BLUE, np.uint8)
            pixels[:24] = (30, 200, 30)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
        container.mux(stream.encode(None))
    return path


def is_like(pixel: np.ndarray, colour: tuple[int, int, int]) -> bool:
    return bool(np.abs(pixel.astype(int) - colour).max() < 70)


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv", "a.avi"])
def test_frames_are_sampled_with_their_times(tmp_path: Path, name: str) -> None:
    frames = list(sample_frames(str(film(tmp_path / name, 40)), 10**8))
    assert len(frames) == 8
    assert [frame.time_s for frame in frames] == sorted(frame.time_s for frame in frames)
    for number, frame in enumerate(frames):
        assert frame.time_s == pytest.approx(5 * number + 2.5, abs=1.5)
        assert is_like(np.asarray(frame.image)[60, 80], RED if frame.time_s < 20 else BLUE)


def test_a_time_rounded_to_milliseconds_means_the_same_frame(tmp_path: Path) -> None:
    path = str(tmp_path / "a.mp4")
    with av.open(path, "w") as container:
        stream = container.add_stream("mpeg4", rate=Fraction(30_000, 1001))
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        for number in range(450):
            pixels = np.full((96, 160, 3), (number * 37 % 256, number * 11 % 256, number % 256), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
        container.mux(stream.encode(None))
    for frame in sample_frames(path, 10**8):
        assert np.array_equal(frame_at(path, round(frame.time_s, 3), 10**8), frame.image), frame.time_s


def test_a_long_video_has_no_more_than_so_many_frames(tmp_path: Path) -> None:
    assert len(list(sample_frames(str(film(tmp_path / "a.mp4", 300)), 10**8))) == MOST_FRAMES


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_turned_video_comes_out_upright(tmp_path: Path, rotation: int) -> None:
    photo = decode(b"", SQUASH, Limits(), film(tmp_path / "a.mp4", 2, rotation))
    assert (photo.width, photo.height) == ((96, 160) if rotation % 180 else (160, 96))
    shown = Image.fromarray(photo.pixels).rotate(-rotation)  # back to how it was filmed
    assert is_like(np.asarray(shown)[4, 32], (30, 200, 30)), "the green bar belongs on top"


def test_the_frame_at_a_time_is_shown(tmp_path: Path) -> None:
    path = str(film(tmp_path / "a.mp4", 40))
    assert is_like(np.asarray(frame_at(path, 5, 10**8))[60, 80], RED)
    assert is_like(np.asarray(frame_at(path, 35, 10**8))[60, 80], BLUE)


def test_when_and_where_it_was_taken(tmp_path: Path) -> None:
    said = describe(
        str(film(tmp_path / "a.mp4", 1, creation_time="2019-07-14T16:05:59Z", location="+52.3702+004.8952/"))
    )
    assert (str(said.taken_at), said.taken_at_offset_minutes, said.taken_at_source) == (
        "2019-07-14 16:05:59",
        0,
        "video",
    )
    assert (said.latitude, said.longitude) == (52.3702, 4.8952)


@pytest.mark.parametrize("keep", [0.02, 0.5])
def test_a_broken_video_has_a_reason_or_a_frame(tmp_path: Path, keep: float) -> None:
    data = film(tmp_path / "a.mp4", 10).read_bytes()
    (tmp_path / "b.mp4").write_bytes(data[: int(len(data) * keep)])
    with pytest.raises(PhotoError):
        decode(b"", SQUASH, Limits(), tmp_path / "b.mp4")


@pytest.mark.parametrize(
    "playlist",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{secret}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile '{secret}'\n",
    ],
)
def test_a_playlist_that_names_other_files_is_no_video(tmp_path: Path, playlist: str) -> None:
    secret = film(tmp_path / "secret.mp4", 1)
    (tmp_path / "a.mp4").write_text(playlist.format(secret=secret))
    with pytest.raises(PhotoError, match="broken video"):
        decode(b"", SQUASH, Limits(), tmp_path / "a.mp4")


def test_a_video_is_one_photo_with_the_vectors_of_its_frames(library: Library, tmp_path: Path) -> None:
    root = tmp_path / "photos"
    film(root / "a.mp4", 40)
    paint(root / "b.jpg")
    folder, _ = add_folder(library.catalog, root)
    assert ingest(library, folder).indexed == 2
    with library.catalog.reading() as session:
        content = session.scalars(select(Content).where(Content.kind == ContentKind.VIDEO)).one()
        rows = session.execute(select(Frame.time_s, FrameVector.data).join(FrameVector).order_by(Frame.time_s)).all()
        own = session.scalars(select(Vector.data).where(Vector.content_id == content.id)).one()
        said = session.scalars(select(PhotoMetadata).join(Photo).where(Photo.content_id == content.id)).one()
    assert (content.width, content.height, content.format) == (160, 96, "MP4")
    assert said.taken_at_source == "file"
    vectors = np.stack([np.frombuffer(data, STORED_DTYPE) for _, data in rows]).astype(np.float32)
    assert len(vectors) == 8
    mean = np.frombuffer(own, STORED_DTYPE).astype(np.float32)
    assert mean @ vectors.mean(axis=0) / np.linalg.norm(vectors.mean(axis=0)) > 0.999
    red, blue = vectors[0], vectors[-1]
    assert red @ blue < 0.98
    assert ingest(library, folder).nothing_to_do
