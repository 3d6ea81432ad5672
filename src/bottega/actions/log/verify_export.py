"""The independent verifier of an exported log: needs the file and a public key, and no database."""

import gzip
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from bottega.actions.log.canonical import block_from_line, bytes_from_text, entry_from_line, line_text
from bottega.actions.log.chain import Chain, Finding
from bottega.actions.log.signing import PublicKeys, export_signature_holds, key_id_of
from bottega.kernel.errors import Invalid

FORMAT = "bottega log export"
FORMAT_VERSION = 1
LONGEST_LINE_BYTES = 256 * 1024 * 1024
COMPRESSED_SUFFIX = ".gz"


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What a file holds; `finding` is the first thing wrong with it, None when it is whole.

    `key_is_given` is False when the public key came from the file itself: then the file is whole and of one hand, but
    whose hand it was is not known.
    """

    entries: int
    blocks: int
    head: str | None
    exported_at: str | None
    key_ids: tuple[str, ...]
    key_is_given: bool
    finding: Finding | None


def verify_export(
    path: Path,
    *,
    public_keys: PublicKeys | None = None,
    expect_head: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> ExportReport:
    """Reads a file once, in little memory, and stops at the first thing that is wrong.

    `expect_head` is the hash of a head known from elsewhere, which the file must end with: it tells a whole but older
    file from the newest. `progress` is told the bytes read so far. `Invalid` when the file is no export at all.
    """
    reading = _Reading(public_keys)
    try:
        with path.open("rb") as raw, open_lines(path, raw) as lines:
            finding = _read(lines, reading, lambda: progress(raw.tell()) if progress else None)
    except (EOFError, gzip.BadGzipFile) as error:
        finding = Finding("truncated", f"the compressed file is cut off or damaged: {error}", line=reading.line + 1)
    except OSError as error:
        raise Invalid("export_unreadable", f"{path} cannot be read: {error}") from error
    chain = reading.chain
    head = None if chain is None or chain.head is None else chain.head.hash.hex()
    if finding is None and expect_head is not None and head != expect_head.lower():
        finding = Finding("other_head", f"the file ends with head {head}, not with the expected {expect_head}")
    return ExportReport(
        0 if chain is None else chain.position,
        0 if chain is None else chain.blocks,
        head,
        reading.exported_at,
        tuple(reading.keys),
        public_keys is not None,
        finding,
    )


def open_lines(path: Path, raw: IO[bytes]) -> IO[bytes]:
    """The bytes of an export, decompressed when its name says so."""
    if path.suffix == COMPRESSED_SUFFIX:
        return gzip.GzipFile(fileobj=raw)  # pyright: ignore[reportReturnType] - a GzipFile reads lines of bytes
    return raw


def public_key_from_text(text: str) -> PublicKeys:
    """A public key as it is printed (64 hexadecimal digits), ready for a verifier."""
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        key = b""
    if len(key) != 32:
        raise Invalid(
            "bad_public_key", "A public key has 64 hexadecimal digits.", next_step="Print it with `bottega log key`."
        )
    return {key_id_of(key): key}


class _Reading:
    """How far the reading has come."""

    def __init__(self, given: PublicKeys | None) -> None:
        self.given = given
        self.keys: PublicKeys = given or {}
        self.chain: Chain | None = None
        self.exported_at: str | None = None
        self.line = 0
        self.digest = hashlib.sha256()
        self.ended = False


def _read(lines: IO[bytes], reading: _Reading, tick: Callable[[], object]) -> Finding | None:
    while text := lines.readline(LONGEST_LINE_BYTES):
        reading.line += 1
        if len(text) == LONGEST_LINE_BYTES:
            raise Invalid("line_too_long", f"Line {reading.line} is longer than {LONGEST_LINE_BYTES} bytes.")
        finding = _take(text, reading)
        if finding is not None:
            return Finding(
                finding.code,
                finding.message,
                finding.position,
                finding.entry_id,
                finding.block,
                finding.line or reading.line,
            )
        if reading.line % 256 == 0:
            tick()
    tick()
    if reading.chain is None:
        raise Invalid("not_an_export", "The file is empty, so it is no export of a log.")
    if not reading.ended:
        return Finding(
            "truncated",
            f"the file ends here, after position {reading.chain.position}, without the line that closes it",
            reading.chain.position + 1,
            line=reading.line + 1,
        )
    return None


def _take(text: bytes, reading: _Reading) -> Finding | None:
    """Takes one line with its line feed."""
    if reading.ended:
        return Finding("added", "something follows the line that closes the file")
    try:
        line: Any = json.loads(text)
        whole = text == line_text(line) + b"\n"
    except (ValueError, RecursionError):
        line, whole = None, False
    if reading.chain is None:
        return _header(line, text, reading)
    if not text.endswith(b"\n"):
        return Finding("truncated", "the file ends within this line", reading.chain.position + 1)
    if not whole or not isinstance(line, dict):
        return Finding("altered", "the line is not spelled as it was written", reading.chain.position + 1)
    try:
        finding = _record(line, reading)  # pyright: ignore[reportUnknownArgumentType] - JSON, checked field by field
    except (KeyError, TypeError, ValueError) as error:
        return Finding("altered", f"the line has not the form of its kind: {error}", reading.chain.position + 1)
    reading.digest.update(text)
    return finding


def _record(line: dict[str, Any], reading: _Reading) -> Finding | None:
    assert reading.chain is not None, "the header came first"
    match line["kind"]:
        case "entry":
            return reading.chain.entry(entry_from_line(line))
        case "block":
            return reading.chain.block(block_from_line(line))
        case "trailer":
            reading.ended = True
            return reading.chain.end() or _trailer(line, reading)
        case other:
            raise ValueError(f"there is no kind {other!r}")


def _header(line: Any, text: bytes, reading: _Reading) -> Finding | None:
    try:
        if line["kind"] != "header" or line["format"] != FORMAT:
            raise ValueError("another format")
        version, keys = line["version"], {name: bytes.fromhex(key) for name, key in line["public_keys"].items()}
        reading.exported_at = str(line["exported_at"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Invalid(
            "not_an_export",
            "The file does not begin like an export of a log.",
            next_step="Make one with `bottega log export FILE`.",
        ) from error
    if version != FORMAT_VERSION:
        raise Invalid(
            "export_version_unknown", f"The file has format version {version}; this program reads {FORMAT_VERSION}."
        )
    if reading.given is None:
        reading.keys = keys
    reading.chain = Chain(reading.keys)
    reading.digest.update(text)
    return None


def _trailer(line: dict[str, Any], reading: _Reading) -> Finding | None:
    """The closing line: signed, and true of everything before it."""
    assert reading.chain is not None, "the header came first"
    chain = reading.chain
    signed = {name: value for name, value in line.items() if name != "signature"}
    public_key = reading.keys.get(line["key_id"])
    if public_key is None:
        return Finding("unknown_key", f"the file is closed with key {line['key_id']}, which is not trusted here")
    if not export_signature_holds(public_key, line_text(signed), bytes_from_text(line["signature"])):
        return Finding("forged", "the line that closes the file was altered")
    head = None if chain.head is None else chain.head.hash.hex()
    if (line["entries"], line["blocks"], line["head"]) != (chain.position, chain.blocks, head):
        return Finding(
            "truncated",
            f"the file was closed over {line['entries']} entries and {line['blocks']} blocks; "
            f"{chain.position} and {chain.blocks} stand in it",
            chain.position + 1,
        )
    if line["digest"] != reading.digest.hexdigest():
        # Every other line was checked to the byte on the way here.
        return Finding("altered", "the header is not the one that was written", line=1)
    return None
