"""One JSON text per value, so that equal values have equal bytes and digests (in the manner of RFC 8785)."""

import hashlib
import json
from datetime import datetime
from decimal import Decimal
from typing import Any

from pydantic import BaseModel


def dumps(value: Any) -> bytes:
    """UTF-8 JSON with sorted keys and no spaces; whole floats are written as integers."""
    return json.dumps(
        _plain(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    ).encode()


def digest(value: Any) -> str:
    """SHA-256 of `dumps(value)` in hexadecimal."""
    return hashlib.sha256(dumps(value)).hexdigest()


def digest_of_bytes(text: bytes) -> str:
    """SHA-256 of text that is already canonical."""
    return hashlib.sha256(text).hexdigest()


def _plain(value: Any) -> Any:
    members: Any = value
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return _plain_float(value)
        case Decimal():
            return format(value, "f")
        case datetime():
            return value.isoformat()
        case BaseModel():
            return _plain(value.model_dump(mode="json"))
        case dict():
            return {str(key): _plain(inner) for key, inner in members.items()}
        case list() | tuple():
            return [_plain(inner) for inner in members]
        case set() | frozenset():
            return sorted(_plain(inner) for inner in members)
        case _:
            raise TypeError(f"{type(value).__name__} has no canonical JSON form")


def _plain_float(value: float) -> int | float:
    # Measured attributes (a display of 43.2 cm) come as floats from files; whole ones are written as integers.
    return int(value) if value.is_integer() and abs(value) < 2**53 else value
