"""The texts that the log's hashes are taken over, and what an entry and a block are to a verifier: pure values.

The canonical text of an entry is one JSON array of texts (`ENTRY_FIELDS`), then one per change (`CHANGE_FIELDS`) in the
order they were made, joined by line feeds; no JSON text contains one. The arrays are spelled as PostgreSQL's
json_build_array and Python's json.dumps(…, ensure_ascii=False) both spell them, so that the database function
log.entry_hash and this module agree. Values are the texts of the database: numbers and jsonb as they print, times in
UTC.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

ENTRY_FIELDS = (
    "id",
    "sequence",
    "action",
    "arguments",
    "arguments_digest",
    "request_digest",
    "actor_kind",
    "actor_id",
    "actor_role",
    "on_behalf_of",
    "because",
    "key_scope",
    "idempotency_key",
    "rule_ids",
    "policy_version",
    "approval_id",
    "facts",
    "resolved",
    "result",
    "recorded_at",
)
CHANGE_FIELDS = ("table_name", "row_key", "operation", "before", "after")

BLOCK_VERSION = "bottega log block 1"
GENESIS_HASH = bytes(32)

Texts: TypeAlias = "tuple[str | None, ...]"


@dataclass(frozen=True, slots=True)
class SealedEntry:
    """One entry with its changes as texts, and the hash that the sealer gave it."""

    position: int
    texts: Texts
    changes: tuple[Texts, ...]
    entry_hash: bytes

    @property
    def id(self) -> str:
        return self.texts[0] or ""

    @property
    def sequence(self) -> int:
        return int(self.texts[1] or "0")

    @property
    def arguments_text(self) -> str:
        return self.texts[3] or ""

    @property
    def arguments_digest(self) -> str:
        return self.texts[4] or ""

    def computed_hash(self) -> bytes:
        """SHA-256 of the canonical text."""
        return hashlib.sha256(canonical_text(self.texts, self.changes).encode()).digest()


@dataclass(frozen=True, slots=True)
class Block:
    """A signed link of the chain over the entries from `first_position` to `last_position`."""

    number: int
    first_position: int
    last_position: int
    previous_hash: bytes
    hash: bytes
    key_id: str
    signature: bytes
    sealed_at: str


def canonical_text(texts: Texts, changes: Sequence[Texts]) -> str:
    """What an entry's hash is taken over."""
    return "\n".join(json.dumps(part, ensure_ascii=False) for part in (texts, *changes))


def block_hash(
    number: int,
    first_position: int,
    last_position: int,
    previous_hash: bytes,
    key_id: str,
    sealed_at: str,
    entry_hashes: bytes,
) -> bytes:
    """SHA-256 over a block's description; `entry_hashes` are the 32-byte hashes of its entries in order, joined."""
    description = [
        BLOCK_VERSION,
        str(number),
        str(first_position),
        str(last_position),
        previous_hash.hex(),
        key_id,
        sealed_at,
        hashlib.sha256(entry_hashes).hexdigest(),
    ]
    return hashlib.sha256(json.dumps(description).encode()).digest()


def time_text(moment: datetime) -> str:
    """A time as log.time_text spells it: UTC with microseconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def entry_as_line(entry: SealedEntry) -> dict[str, Any]:
    """An entry as a line of an export."""
    return {
        "kind": "entry",
        "position": entry.position,
        "entry": dict(zip(ENTRY_FIELDS, entry.texts, strict=True)),
        "changes": [dict(zip(CHANGE_FIELDS, change, strict=True)) for change in entry.changes],
        "entry_hash": entry.entry_hash.hex(),
    }


def entry_from_line(line: dict[str, Any]) -> SealedEntry:
    """The entry of a line; KeyError, TypeError or ValueError when it is none."""
    return SealedEntry(
        _whole(line["position"]),
        _texts(line["entry"], ENTRY_FIELDS),
        tuple(_texts(change, CHANGE_FIELDS) for change in line["changes"]),
        bytes_from_text(line["entry_hash"]),
    )


def block_as_line(block: Block) -> dict[str, Any]:
    """A block as a line of an export, and as an anchor keeps it."""
    return {
        "kind": "block",
        "number": block.number,
        "first_position": block.first_position,
        "last_position": block.last_position,
        "previous_hash": block.previous_hash.hex(),
        "hash": block.hash.hex(),
        "key_id": block.key_id,
        "signature": block.signature.hex(),
        "sealed_at": block.sealed_at,
    }


def block_from_line(line: dict[str, Any]) -> Block:
    """The block of a line; KeyError, TypeError or ValueError when it is none."""
    return Block(
        _whole(line["number"]),
        _whole(line["first_position"]),
        _whole(line["last_position"]),
        bytes_from_text(line["previous_hash"]),
        bytes_from_text(line["hash"]),
        _text(line["key_id"]),
        bytes_from_text(line["signature"]),
        _text(line["sealed_at"]),
    )


def line_text(line: dict[str, Any]) -> bytes:
    """The one spelling of a line of an export, without its line feed."""
    return json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode()


def _texts(values: dict[str, Any], names: tuple[str, ...]) -> Texts:
    if tuple(values) != names:
        raise ValueError(f"expected the fields {', '.join(names)}")
    return tuple(None if values[name] is None else _text(values[name]) for name in names)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("expected a text")
    return value


def bytes_from_text(value: object) -> bytes:
    """Bytes from small hexadecimal digits without spaces, the one way they are written."""
    text = _text(value)
    found = bytes.fromhex(text)
    if found.hex() != text:
        raise ValueError("expected small hexadecimal digits")
    return found


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("expected a whole number")
    return value
