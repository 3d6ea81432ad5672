"""WebP by its chunks (RFC 9649): one still picture with its transparency and colours; no EXIF, no XMP, no animation."""

from collections.abc import Iterator

from bottega.platform.pictures.parts import BadPicture, Picture, check_size

SIGNATURE, FORM = b"RIFF", b"WEBP"
_EXTENDED, _LOSSY, _LOSSLESS = b"VP8X", b"VP8 ", b"VP8L"
_KEPT = frozenset({_LOSSY, _LOSSLESS, b"ALPH", b"ICCP"})
_ANIMATED, _EXIF, _XMP = 0x02, 0x08, 0x04


def taken_apart(data: bytes) -> Picture:
    """The picture out of its chunks; raises `BadPicture`."""
    content = bytearray()
    size: tuple[int, int] | None = None
    kinds: list[bytes] = []
    for kind, body in _chunks(data):
        kinds.append(kind)
        if kind == _EXTENDED:
            if len(kinds) > 1 or len(body) != 10:
                raise BadPicture("its head is broken")
            if body[0] & _ANIMATED:
                raise BadPicture("it moves")
            size = int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1
            content += _chunk(kind, bytes([body[0] & ~(_EXIF | _XMP)]) + body[1:])
        elif kind in (_LOSSY, _LOSSLESS):
            coded = _size_of(kind, body)
            check_size(*coded)
            if size is not None and size != coded:
                raise BadPicture("it says two sizes")
            size = coded
        if kind in _KEPT:
            content += _chunk(kind, body)
    if size is None or kinds.count(_LOSSY) + kinds.count(_LOSSLESS) != 1:
        raise BadPicture("it is not complete")
    whole = FORM + bytes(content)
    return Picture("image/webp", *size, SIGNATURE + len(whole).to_bytes(4, "little") + whole)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return kind + len(body).to_bytes(4, "little") + body + b"\0" * (len(body) % 2)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and body, within the length that the file gives for itself."""
    end = 8 + int.from_bytes(data[4:8], "little")
    if end > len(data):
        raise BadPicture("it ends too early")
    at = 12
    while at + 8 <= end:
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        if at + 8 + length > end:
            raise BadPicture("a part of it is damaged")
        yield data[at : at + 4], data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def _size_of(kind: bytes, body: bytes) -> tuple[int, int]:
    """Width and height by the coded picture itself."""
    if kind == _LOSSLESS and len(body) >= 5 and body[0] == 0x2F:
        bits = int.from_bytes(body[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == _LOSSY and len(body) >= 10 and body[3:6] == b"\x9d\x01\x2a":
        return int.from_bytes(body[6:8], "little") & 0x3FFF, int.from_bytes(body[8:10], "little") & 0x3FFF
    raise BadPicture("a part of it is damaged")
