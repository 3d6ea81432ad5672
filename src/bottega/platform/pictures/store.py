"""Pictures in the database, each once, under the digest of its bytes; the address says the digest."""

import hashlib
import re
from datetime import datetime

from bottega.platform.database.pool import Connection
from bottega.platform.pictures.parts import MediaType, Picture

PREFIX = "/pictures/kept/"
_SUFFIXES: dict[MediaType, str] = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}
_NAME = re.compile(r"([0-9a-f]{64})\.(png|jpg|webp)")


def address_of(picture: Picture) -> str:
    """Where the picture is shown, once it is kept."""
    return f"{PREFIX}{hashlib.sha256(picture.content).hexdigest()}.{_SUFFIXES[picture.media_type]}"


async def keep(connection: Connection, picture: Picture, now: datetime) -> None:
    """Keeps it; the same picture again is there already."""
    await connection.execute(
        "INSERT INTO platform.pictures (digest, media_type, width, height, content, kept_at) "
        "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (digest) DO NOTHING",
        hashlib.sha256(picture.content).hexdigest(),
        picture.media_type,
        picture.width,
        picture.height,
        picture.content,
        now,
    )


async def find(connection: Connection, name: str) -> tuple[str, bytes] | None:
    """Media type and bytes of what the last part of an address names; None when nothing like it is kept."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    row = await connection.fetchrow("SELECT media_type, content FROM platform.pictures WHERE digest = $1", found[1])
    if row is None or _SUFFIXES[row["media_type"]] != found[2]:
        return None
    return row["media_type"], row["content"]
