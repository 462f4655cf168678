"""Videos put into a new container: one picture stream, one sound stream, no metadata. Runs in a decoder's process only.

The frames themselves are not decoded on the way in, so they are as the camera made them; what it wrote beside them
(place, device, time, tracks of positions) is not taken over.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Final

import av
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream
from PIL import Image

from activities.pieces import Findings
from integrations.evidence.bounds import PIXELS_OF_A_MEGAPIXEL, Bounds
from integrations.evidence.errors import EvidenceBoundError, EvidenceBrokenError
from integrations.evidence.findings import Cleaned
from integrations.evidence.pictures import thumbnail_of

MOST_STREAMS: Final = 16
"""A telephone writes up to six: picture, sound, and tracks of positions and moments."""

STILL_AT_S: Final = 1.0
"""The first moment is often dark or shaken; a second later the camera has settled."""

_MOST_FRAMES_LOOKED_AT: Final = 120
_CONTAINERS: Final = {"video/mp4": "mp4", "video/quicktime": "mov"}
_PICTURE_CODECS: Final = frozenset({"h264", "hevc", "mpeg4", "mjpeg", "av1", "vp9", "prores"})
_SOUND_CODECS: Final = {
    "video/mp4": frozenset({"aac", "mp3", "ac3", "eac3", "opus", "alac"}),
    "video/quicktime": frozenset({"aac", "mp3", "ac3", "alac", "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_f32le"}),
}
# References to files beside it are never followed, whatever the container says.
_READ_OPTIONS: Final = {"enable_drefs": "0", "use_absolute_path": "0", "protocol_whitelist": "pipe"}
_MILLISECONDS: Final = 1000


def clean_video(content: bytes, media_type: str, bounds: Bounds) -> Cleaned:
    """Raises EvidenceBoundError, EvidenceBrokenError."""
    with _opened(content) as source:
        picture = _picture_stream(source, bounds)
        file = BytesIO()
        with av.open(file, "w", format=_CONTAINERS[media_type], options={"fflags": "+bitexact"}) as target:
            seconds = _copied(source, target, _streams(source, picture, media_type), bounds)
    return Cleaned(file.getvalue(), media_type, _findings(picture, seconds))


def look_at_video(content: bytes, media_type: str, bounds: Bounds) -> Cleaned:
    """The findings, and a still frame as the thumbnail."""
    with _opened(content) as source:
        picture = _picture_stream(source, bounds)
        picture.codec_context.thread_count = 1
        still = _still(source, picture)
        return Cleaned(b"", media_type, _findings(picture, _told_seconds(source)), thumbnail_of(still))


def _opened(content: bytes) -> InputContainer:
    # The two kinds have one reader, which is named so that no other one is tried.
    return av.open(BytesIO(content), "r", format="mov", container_options=dict(_READ_OPTIONS), metadata_errors="ignore")


def _picture_stream(source: InputContainer, bounds: Bounds) -> VideoStream:
    if len(source.streams) > MOST_STREAMS:
        raise EvidenceBoundError(f"has {len(source.streams)} streams, more than {MOST_STREAMS}")
    if _told_seconds(source) > bounds.seconds:
        raise _too_long(bounds)
    found = next((each for each in source.streams.video if each.codec_context.name in _PICTURE_CODECS), None)
    if found is None or not found.width or not found.height:
        raise EvidenceBrokenError
    if found.width * found.height > bounds.pixels:
        allowed = bounds.pixels // PIXELS_OF_A_MEGAPIXEL
        raise EvidenceBoundError(f"is a video of {found.width} x {found.height} pixels, more than {allowed} megapixels")
    return found


def _too_long(bounds: Bounds) -> EvidenceBoundError:
    return EvidenceBoundError(f"is a video longer than {bounds.seconds // 60} minutes")


def _told_seconds(source: InputContainer) -> float:
    return (source.duration or 0) / av.time_base


def _streams(source: InputContainer, picture: VideoStream, media_type: str) -> list[Stream]:
    known = _SOUND_CODECS[media_type]
    sound = next((each for each in source.streams.audio if each.codec_context.name in known), None)
    return [picture] if sound is None else [picture, sound]


def _copied(source: InputContainer, target: OutputContainer, streams: list[Stream], bounds: Bounds) -> float:
    """Packet by packet; how many seconds there were, whatever the header says."""
    copies = {stream.index: target.add_stream_from_template(stream, opaque=True) for stream in streams}
    last = 0.0
    for packet in _packets(source, streams):
        end = float(((packet.pts or 0) + (packet.duration or 0)) * packet.time_base)
        last = max(last, end)
        if last > bounds.seconds:
            raise _too_long(bounds)
        packet.stream = copies[packet.stream.index]
        target.mux(packet)
    if not last:
        raise EvidenceBrokenError
    return last


def _packets(source: InputContainer, streams: list[Stream]) -> Iterator[Packet[Stream]]:
    for packet in source.demux(streams):
        if packet.dts is not None:  # the reader's last, empty one
            yield packet


def _still(source: InputContainer, picture: VideoStream) -> Image.Image:
    still: Image.Image | None = None
    for seen, frame in enumerate(source.decode(picture)):
        still = Image.fromarray(frame.to_ndarray(format="rgb24"))
        if seen >= _MOST_FRAMES_LOOKED_AT or (frame.time or 0) >= STILL_AT_S:
            break
    if still is None:
        raise EvidenceBrokenError
    return still


def _findings(picture: VideoStream, seconds: float) -> Findings:
    return Findings(width=picture.width, height=picture.height, duration_ms=round(seconds * _MILLISECONDS))
