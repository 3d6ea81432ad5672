"""JPEG by its segments (ITU-T T.81): tables, frames and scans; of EXIF only which way up the picture is."""

import struct
from collections.abc import Iterator

from bottega.platform.pictures.parts import BadPicture, Picture, check_size

SIGNATURE = b"\xff\xd8\xff"
_START, _END, _SCAN = 0xD8, 0xD9, 0xDA
# Start-of-frame markers; C4, C8 and CC in the same range are tables.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_TABLES = frozenset({0xC4, 0xCC, 0xDB, 0xDD})
# JFIF, colour profile, and Adobe's word on colours.
_APPLICATION = {0xE0: b"JFIF\0", 0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}
_EXIF = b"Exif\0\0"
_ORIENTATION = 0x0112


def taken_apart(data: bytes) -> Picture:
    """The picture out of its segments; raises `BadPicture`."""
    content = bytearray(b"\xff\xd8")
    size: tuple[int, int] | None = None
    is_scanned = False
    for marker, body, whole in _segments(data):
        if marker in _FRAMES:
            if size is not None or len(body) < 6:
                raise BadPicture("it has more than one frame, or a broken one")
            height, width = struct.unpack(">HH", body[1:5])
            check_size(width, height)
            size = width, height
        if marker == 0xE1 and body.startswith(_EXIF) and (turned := _orientation(body[len(_EXIF) :])) > 1:
            content += _oriented(turned)
        is_scanned = is_scanned or marker == _SCAN
        if marker in _FRAMES | _TABLES | {_SCAN, _END} or body.startswith(_APPLICATION.get(marker, b"\xff\xff")):
            content += whole
    if size is None or not is_scanned or not content.endswith(b"\xff\xd9"):
        raise BadPicture("it is not complete")
    return Picture("image/jpeg", *size, bytes(content))


def _segments(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Marker, body and the whole segment, with the coded picture behind a scan's; up to the end of the picture."""
    at = 2
    while at + 2 <= len(data):
        if data[at] != 0xFF:
            raise BadPicture("a part of it is damaged")
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker == _END:
            yield marker, b"", data[at : at + 2]
            return
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        if marker in (0, 1, _START) or 0xD0 <= marker <= 0xD7 or length < 2 or at + 2 + length > len(data):
            raise BadPicture("a part of it is damaged")
        body = data[at + 4 : at + 2 + length]
        end = at + 2 + length
        if marker == _SCAN:
            end = _end_of_scan(data, end)
        yield marker, body, data[at:end]
        at = end


def _end_of_scan(data: bytes, at: int) -> int:
    """Where the next marker is; zero bytes behind FF and restart markers belong to the coded picture."""
    while (found := data.find(b"\xff", at)) >= 0 and found + 1 < len(data):
        if data[found + 1] != 0 and not 0xD0 <= data[found + 1] <= 0xD7:
            return found
        at = found + 2
    raise BadPicture("it ends too early")


def _orientation(tiff: bytes) -> int:
    """Which way up, 1 to 8, by the first directory of the EXIF data; 1 when it does not say."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None or len(tiff) < 8:
        return 1
    at = struct.unpack(f"{order}I", tiff[4:8])[0]
    if at + 2 > len(tiff):
        return 1
    for number in range(struct.unpack(f"{order}H", tiff[at : at + 2])[0]):
        entry = tiff[at + 2 + 12 * number : at + 14 + 12 * number]
        if len(entry) == 12 and struct.unpack(f"{order}H", entry[:2])[0] == _ORIENTATION:
            found = struct.unpack(f"{order}H", entry[8:10])[0]
            return found if 1 <= found <= 8 else 1
    return 1


def _oriented(turned: int) -> bytes:
    """A segment of EXIF data that says this and nothing else."""
    entry = struct.pack(">HHIHH", _ORIENTATION, 3, 1, turned, 0)
    body = _EXIF + b"MM\0\x2a" + struct.pack(">I", 8) + struct.pack(">H", 1) + entry + struct.pack(">I", 0)
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
