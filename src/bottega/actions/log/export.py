"""Exporting the sealed log as JSON Lines: a header, the entries with their changes, block heads, a signed closing line.

Every line has one spelling (`canonical.line_text`), so that any edited byte is found.
"""

import asyncio
import gzip
import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from bottega.actions.log.canonical import Block, block_as_line, entry_as_line, line_text, time_text
from bottega.actions.log.signing import PublicKeys, SigningKey
from bottega.actions.log.stream import sealed_counts, sealed_log
from bottega.actions.log.verify_export import COMPRESSED_SUFFIX, FORMAT, FORMAT_VERSION
from bottega.kernel.errors import Invalid
from bottega.platform.clock import Clock
from bottega.platform.database.pool import Connection, Database

CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class ExportSummary:
    """What was written."""

    path: str
    entries: int
    blocks: int
    head: str | None
    public_key: str
    size_bytes: int


async def export_log(
    database: Database,
    path: Path,
    key: SigningKey,
    clock: Clock,
    *,
    earlier_keys: PublicKeys | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ExportSummary:
    """Writes all that is sealed to a file, compressed when its name ends in .gz; the file appears when it is whole.

    `progress` is told how many entries of how many are written.
    """
    draft = path.with_name(path.name + ".part")
    keys = {**(earlier_keys or {}), **key.public_keys}
    counts: dict[str, Any] = {}
    try:
        file = await asyncio.to_thread(_create, draft, path)
        try:
            async with database.read_snapshot() as connection:
                chunk = bytearray()
                async for text in _lines(connection, key, keys, clock, counts, progress):
                    chunk += text
                    if len(chunk) >= CHUNK_BYTES:
                        await asyncio.to_thread(file.write, bytes(chunk))
                        chunk.clear()
                await asyncio.to_thread(file.write, bytes(chunk))
        finally:
            await asyncio.to_thread(file.close)
        await asyncio.to_thread(draft.replace, path)
        size_bytes = (await asyncio.to_thread(path.stat)).st_size
    except OSError as error:
        raise Invalid("export_not_written", f"{path} cannot be written: {error}") from error
    finally:
        await asyncio.to_thread(draft.unlink, missing_ok=True)
    return ExportSummary(
        str(path), counts["entries"], counts["blocks"], counts["head"], key.public_key.hex(), size_bytes
    )


def _create(draft: Path, path: Path) -> IO[bytes]:
    if path.suffix == COMPRESSED_SUFFIX:
        return gzip.open(draft, "wb", compresslevel=5)  # pyright: ignore[reportReturnType] - written like a plain file
    return draft.open("wb")


async def _lines(
    connection: Connection,
    key: SigningKey,
    keys: PublicKeys,
    clock: Clock,
    counts: dict[str, Any],
    progress: Callable[[int, int], None] | None,
) -> AsyncIterator[bytes]:
    total, _ = await sealed_counts(connection)
    exported_at = time_text(clock.now())
    digest = hashlib.sha256()

    def spelled(line: dict[str, Any]) -> bytes:
        text = line_text(line) + b"\n"
        digest.update(text)
        return text

    yield spelled(
        {
            "kind": "header",
            "format": FORMAT,
            "version": FORMAT_VERSION,
            "public_keys": {name: value.hex() for name, value in keys.items()},
            "exported_at": exported_at,
        }
    )
    counts.update(entries=0, blocks=0, head=None)
    async for record in sealed_log(connection):
        if isinstance(record, Block):
            counts.update(blocks=record.number, head=record.hash.hex())
            yield spelled(block_as_line(record))
            continue
        counts["entries"] += 1
        yield spelled(entry_as_line(record))
        if progress is not None:
            progress(counts["entries"], total)
    trailer = {
        "kind": "trailer",
        **counts,
        "exported_at": exported_at,
        "digest": digest.hexdigest(),
        "key_id": key.key_id,
    }
    yield line_text({**trailer, "signature": key.sign_export(line_text(trailer)).hex()}) + b"\n"
