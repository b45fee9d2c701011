"""Videos (FFmpeg): frames sampled evenly, each with its time; what the file says of itself.

Only key frames are decoded, those nearest before the times wanted: a second of work for a video of any length.
"""

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from PIL import Image

from indexer.errors import PhotoError
from indexer.metadata import Metadata, camera_of, clean_text, place_of

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

EVERY = 5.0  # seconds
MOST_FRAMES = 24
_CONTAINERS = "mov,matroska,avi,mpegts,mpeg"  # none that names other files or addresses, as playlists do
_ROUNDED = 0.001  # seconds: a frame's time in milliseconds still means that frame, not the key frame before
_PLACE = re.compile(r"([+-]\d+(?:\.\d+)?)([+-]\d+(?:\.\d+)?)")  # ISO 6709


class SampledFrame(NamedTuple):
    """A moment of a video, upright RGB."""

    time_s: float
    image: Image.Image


def sample_frames(path: str, max_pixels: int) -> Iterator[SampledFrame]:
    """Frames in order: one for each `EVERY` seconds, at least one, at most `MOST_FRAMES`.

    Raises:
        PhotoError: no video that can be decoded, or its pictures have too many pixels.
    """
    with _opened(path) as (container, stream):
        if stream.width * stream.height > max_pixels:
            raise PhotoError(f"{stream.width} x {stream.height} pixels; the limit is {max_pixels:,}")
        stream.codec_context.thread_count = 1
        stream.codec_context.skip_frame = "NONKEY"
        duration = _duration(container, stream)
        count = min(MOST_FRAMES, max(1, math.ceil(duration / EVERY)))
        last = -1.0
        for number in range(count):
            frame = _frame_at(container, stream, (number + 0.5) * duration / count)
            if frame is not None and frame.time_s > last:  # key frames may lie further apart
                last = frame.time_s
                yield frame
        if last < 0:
            raise PhotoError("broken video: none of its pictures can be decoded")


def frame_at(path: str, time_s: float | None, max_pixels: int) -> Image.Image:
    """The key frame at a time, or in the middle; upright RGB.

    Raises:
        PhotoError: as `sample_frames`.
    """
    with _opened(path) as (container, stream):
        if stream.width * stream.height > max_pixels:
            raise PhotoError(f"{stream.width} x {stream.height} pixels; the limit is {max_pixels:,}")
        at = _duration(container, stream) / 2 if time_s is None else time_s + _ROUNDED
        frame = _frame_at(container, stream, at)
        if frame is None:
            raise PhotoError(f"broken video: no picture at {at:.1f} s")
        return frame.image


def video_metadata(path: str) -> Metadata:
    """When, where and with what it was taken; nothing when it cannot be opened."""
    try:
        with _opened(path) as (container, _):
            said = {key.casefold(): value for key, value in container.metadata.items()}
    except PhotoError:
        return Metadata()
    apple = "com.apple.quicktime."
    taken, offset = _date(said.get(f"{apple}creationdate") or said.get("creation_time") or "")
    place = _PLACE.match(said.get(f"{apple}location.iso6709") or said.get("location") or "")
    latitude, longitude = place_of(float(place[1]), float(place[2])) if place else (None, None)
    return Metadata(
        taken,
        offset,
        "video" if taken else None,
        camera=camera_of(said.get(f"{apple}make") or said.get("make"), said.get(f"{apple}model") or said.get("model")),
        latitude=latitude,
        longitude=longitude,
        title=clean_text(said.get("title")),
        caption=clean_text(said.get("description") or said.get("comment")),
    )


@contextmanager
def _opened(path: str) -> "Iterator[tuple[InputContainer, VideoStream]]":
    import av  # half a second, which a library without videos need not spend

    options = {"format_whitelist": _CONTAINERS, "protocol_whitelist": "file"}
    try:
        with av.open(path, options=options, metadata_errors="replace") as container:
            if not container.streams.video:
                raise PhotoError("a video file without pictures")
            yield container, container.streams.video[0]
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise PhotoError(f"broken video: {getattr(error, 'strerror', None) or error}") from error


def _duration(container: "InputContainer", stream: "VideoStream") -> float:
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return (container.duration or 0) / 1_000_000


def _frame_at(container: "InputContainer", stream: "VideoStream", time_s: float) -> SampledFrame | None:
    """The key frame before a time, or the first one after it where there is none."""
    base = stream.time_base or Fraction(1, 1000)
    start = stream.start_time or 0
    container.seek(start + int(time_s / base), stream=stream)
    frame = next(iter(container.decode(stream)), None)
    if frame is None:
        return None
    shown_at = max(0.0, float(((frame.pts or start) - start) * base))
    image: Image.Image = frame.to_image()  # type: ignore[no-untyped-call]
    return SampledFrame(shown_at, image.rotate(frame.rotation, expand=True) if frame.rotation else image)


def _date(text: str) -> tuple[datetime | None, int | None]:
    """ISO 8601; a camera without a clock writes the first second of 1904 or 1970."""
    try:
        taken = datetime.fromisoformat(text)
    except ValueError:
        return None, None
    offset = taken.utcoffset()
    if (taken.year, taken.month, taken.day) in ((1904, 1, 1), (1970, 1, 1)):
        return None, None
    return taken.replace(tzinfo=None, microsecond=0), None if offset is None else round(offset.total_seconds() / 60)
