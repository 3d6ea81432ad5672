"""Rows of a file: numbered, read as a stream, plain or compressed, each with a limit on its size."""

import gzip
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from pydantic import ValidationError

from bottega.kernel.errors import Invalid, NotFound
from bottega.shop.catalogue.product_record import ProductRecord

LONGEST_ROW_BYTES = 1_000_000
LARGEST_FILE_BYTES = 4 * 1024**3


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot go in; `number` counts from 1 as an editor shows it, `field` may be empty."""

    number: int
    field: str
    reason: str

    def as_record(self) -> dict[str, Any]:
        return {"row": self.number, "field": self.field, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class GoodRow:
    """A product, the last row that it takes, and how many bytes it took."""

    number: int
    record: ProductRecord
    size_bytes: int


ParsedRow = GoodRow | BadRow


class RowRefused(ValueError):
    """A parser's own reason why a row cannot go in."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class RowFile:
    """A file of rows being read; decompressed when its first bytes say gzip."""

    def __init__(self, path: Path) -> None:
        self._raw = _open(path)
        self.size_bytes = path.stat().st_size
        if self.size_bytes > LARGEST_FILE_BYTES:
            raise Invalid("file_too_large", f"A file has at most {LARGEST_FILE_BYTES} bytes.", next_step="Divide it.")
        compressed = self._raw.read(2) == b"\x1f\x8b"
        self._raw.seek(0)
        self.stream: io.BufferedReader | gzip.GzipFile = gzip.GzipFile(fileobj=self._raw) if compressed else self._raw

    @property
    def bytes_read(self) -> int:
        """How far the reading is, in bytes of the file as it lies there."""
        return self._raw.tell()

    def close(self) -> None:
        self._raw.close()


def _open(path: Path) -> io.BufferedReader:
    try:
        return path.open("rb")
    except OSError as error:
        raise NotFound(
            "no_such_file", f"The file {path} cannot be read: {error.strerror}.", next_step="Check the path."
        ) from error


def file_digest(path: Path) -> str:
    """SHA-256 of the file as it lies there, by which an interrupted import is found again."""
    with _open(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def lines_of(file: RowFile) -> Iterator[tuple[int, bytes]]:
    """Numbered lines without empty ones; a line over the limit or a broken archive ends the reading with `Invalid`."""
    number = 0
    while True:
        number += 1
        try:
            line = file.stream.readline(LONGEST_ROW_BYTES + 1)
        except (OSError, EOFError) as error:
            raise Invalid(
                "file_damaged", f"The file breaks off in row {number}: {error}.", next_step="Fetch it again."
            ) from error
        if not line:
            return
        if len(line) > LONGEST_ROW_BYTES:
            raise Invalid(
                "row_too_long",
                f"Row {number} is longer than {LONGEST_ROW_BYTES} bytes.",
                next_step="Check the format of the file.",
                row=number,
            )
        if line.strip():
            yield number, line


def json_rows(file: RowFile) -> Iterator[tuple[int, dict[str, Any] | BadRow, int]]:
    """One JSON object per line with its number and size; what is not one comes as a `BadRow`."""
    for number, line in lines_of(file):
        try:
            value = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            yield number, BadRow(number, "", f"not JSON: {error}"), len(line)
            continue
        if isinstance(value, dict):
            yield number, value, len(line)
        else:
            yield number, BadRow(number, "", "not a JSON object"), len(line)


def bad_row(number: int, error: ValidationError | RowRefused) -> BadRow:
    """The first thing that is wrong with a row, by the name of the field."""
    if isinstance(error, RowRefused):
        return BadRow(number, error.field, error.reason)
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    field = ".".join(str(part) for part in first["loc"])
    return BadRow(number, field, first["msg"].removeprefix("Value error, "))
