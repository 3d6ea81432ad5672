"""What every format of pictures has in common: its sizes, its limits, and how a broken one is refused."""

from dataclasses import dataclass
from typing import Literal

from bottega.kernel.errors import Invalid

MediaType = Literal["image/png", "image/jpeg", "image/webp"]
LARGEST_BYTES = 5_000_000
LONGEST_SIDE_PIXELS = 8_000
MOST_PIXELS = 40_000_000


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that holds nothing but what is needed to show it."""

    media_type: MediaType
    width: int
    height: int
    content: bytes


class BadPicture(Invalid):
    """What was sent is no picture that we keep; `why` says what is wrong with it."""

    def __init__(self, why: str) -> None:
        super().__init__(
            "bad_picture", f"This picture cannot be used: {why}.", next_step="Send a PNG, JPEG or WebP of at most 5 MB."
        )


def check_size(width: int, height: int) -> None:
    """Refuses pictures that only a large memory could show."""
    if not (1 <= width <= LONGEST_SIDE_PIXELS and 1 <= height <= LONGEST_SIDE_PIXELS) or width * height > MOST_PIXELS:
        raise BadPicture(f"it has {width} × {height} pixels")
