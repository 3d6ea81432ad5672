"""Which format a file is by its first bytes, whatever it calls itself, and the picture out of it."""

from bottega.platform.pictures import jpeg, png, webp
from bottega.platform.pictures.parts import LARGEST_BYTES, BadPicture, Picture


def picture_of(data: bytes) -> Picture:
    """The picture without what was hidden in or behind it (places, texts, other files); raises `BadPicture`."""
    if len(data) > LARGEST_BYTES:
        raise BadPicture(f"it has more than {LARGEST_BYTES // 1_000_000} MB")
    if data.startswith(png.SIGNATURE):
        return png.taken_apart(data)
    if data.startswith(jpeg.SIGNATURE):
        return jpeg.taken_apart(data)
    if data.startswith(webp.SIGNATURE) and data[8:12] == webp.FORM:
        return webp.taken_apart(data)
    raise BadPicture("it is neither PNG nor JPEG nor WebP" if data else "there is none")
