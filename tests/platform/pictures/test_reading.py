"""Pictures are told by their bytes, keep what is shown, and lose what was hidden in them."""

import io
import struct
import zlib
from typing import Any

import pytest
from PIL import Image
from PIL.ExifTags import GPS, IFD, Base
from PIL.PngImagePlugin import PngInfo

from bottega.platform.pictures.parts import LARGEST_BYTES, BadPicture
from bottega.platform.pictures.reading import picture_of

SECRET = b"N 46 04 00 E 11 07 00"


def drawn(kind: str, size: tuple[int, int] = (6, 4), mode: str = "RGB", **options: Any) -> bytes:
    """A picture of that format, red above and blue below."""
    picture = Image.new("RGB", size, "red")
    picture.paste("blue", (0, size[1] // 2, *size))
    picture = picture.convert(mode)
    written = io.BytesIO()
    picture.save(written, kind, **options)
    return written.getvalue()


def exif(orientation: int = 1) -> Image.Exif:
    """Where a picture was taken and which way up."""
    found = Image.Exif()
    found[Base.Orientation] = orientation
    found[Base.ImageDescription] = SECRET.decode()
    found.get_ifd(IFD.GPSInfo)[GPS.GPSLatitudeRef] = "N"
    return found


def pixels(data: bytes) -> bytes:
    with Image.open(io.BytesIO(data)) as picture:
        return picture.convert("RGBA").tobytes()


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("PNG", {"mode": "RGBA"}),
        ("PNG", {"mode": "P"}),
        ("JPEG", {}),
        ("JPEG", {"progressive": True, "mode": "L"}),
        ("JPEG", {"mode": "CMYK"}),
        ("WEBP", {}),
        ("WEBP", {"lossless": True, "mode": "RGBA"}),
    ],
)
def test_the_pixels_stay_and_the_hidden_goes(kind: str, options: dict[str, Any]) -> None:
    data = drawn(kind, exif=exif(), **options) + b"<script>" + SECRET
    assert data.count(SECRET) == 2
    found = picture_of(data)
    assert (found.media_type, found.width, found.height) == (f"image/{kind.lower()}", 6, 4)
    assert SECRET not in found.content
    assert b"<script>" not in found.content
    assert pixels(found.content) == pixels(data)
    assert picture_of(found.content) == found


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_photograph_stays_the_right_way_up(orientation: int) -> None:
    found = picture_of(drawn("JPEG", exif=exif(orientation)))
    with Image.open(io.BytesIO(found.content)) as picture:
        kept = picture.getexif()
        assert dict(kept) == ({} if orientation == 1 else {Base.Orientation: orientation})
        assert kept.get_ifd(IFD.GPSInfo) == {}


def test_texts_of_a_png_go() -> None:
    said = PngInfo()
    said.add_text("Comment", SECRET.decode())
    assert SECRET not in picture_of(drawn("PNG", pnginfo=said)).content


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"GIF89a\1\0\1\0\0\0\0;",
        b"\xff\xd8\xff",
        b"RIFF\0\0\0\0WEBP",
        b"RIFF\xff\xff\0\0WEBPVP8 ",
        drawn("PNG")[:-20],
        drawn("JPEG")[:-20],
        drawn("WEBP")[:-20],
        drawn("GIF"),
        b"\0" * (LARGEST_BYTES + 1),
    ],
)
def test_what_is_no_whole_picture_is_refused(data: bytes) -> None:
    with pytest.raises(BadPicture):
        picture_of(data)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_cut_anywhere_is_refused_and_never_a_fault(kind: str) -> None:
    data = drawn(kind, (40, 30), exif=exif(6))
    whole = picture_of(data)
    for length in range(len(data)):
        try:
            assert len(picture_of(data[:length]).content) == len(whole.content), f"more was cut: {length}"
        except BadPicture:
            continue


def test_a_damaged_part_is_refused() -> None:
    data = bytearray(drawn("PNG"))
    data[data.index(b"IDAT") + 6] ^= 1
    with pytest.raises(BadPicture, match="damaged"):
        picture_of(bytes(data))


def test_a_small_file_that_unfolds_to_a_huge_picture_is_refused() -> None:
    head = b"IHDR" + struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    body = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head))
    with pytest.raises(BadPicture, match="30000 × 30000 pixels"):
        picture_of(body)


def test_a_picture_that_moves_is_refused_or_stands_still() -> None:
    frames: dict[str, Any] = {"save_all": True, "append_images": [Image.new("RGB", (6, 4), "green")]}
    with pytest.raises(BadPicture, match="it moves"):
        picture_of(drawn("WEBP", **frames))
    still = picture_of(drawn("PNG", **frames))
    with Image.open(io.BytesIO(still.content)) as picture:
        assert getattr(picture, "n_frames", 1) == 1
