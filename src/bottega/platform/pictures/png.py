"""PNG by its chunks (ISO/IEC 15948): those that are needed to show one picture, their sums checked."""

import struct
from collections.abc import Iterator
from zlib import crc32

from bottega.platform.pictures.parts import BadPicture, Picture, check_size

SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Texts, times, EXIF and the further pictures of animations are left out.
_KEPT = frozenset({b"IHDR", b"PLTE", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"pHYs", b"sBIT", b"IDAT", b"IEND"})


def taken_apart(data: bytes) -> Picture:
    """The picture out of its chunks; raises `BadPicture`."""
    content = bytearray(SIGNATURE)
    seen: list[bytes] = []
    width = height = 0
    for kind, body, whole in _chunks(data):
        if not seen:
            if kind != b"IHDR" or len(body) != 13:
                raise BadPicture("its head is missing")
            width, height = struct.unpack(">II", body[:8])
            check_size(width, height)
        seen.append(kind)
        if kind in _KEPT:
            content += whole
        elif kind[:1].isupper():
            raise BadPicture("it needs a part that is not known")
    if b"IDAT" not in seen or seen[-1] != b"IEND" or seen.count(b"IHDR") != 1:
        raise BadPicture("it is not complete")
    return Picture("image/png", width, height, bytes(content))


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Kind, body and the whole chunk, up to the end that the picture says; what follows it is nobody's."""
    at = len(SIGNATURE)
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        end = at + 12 + length
        kind, body = data[at + 4 : at + 8], data[at + 8 : end - 4]
        if end > len(data) or crc32(data[at + 4 : end - 4]) != int.from_bytes(data[end - 4 : end], "big"):
            raise BadPicture("a part of it is damaged")
        yield kind, body, data[at:end]
        if kind == b"IEND":
            return
        at = end
