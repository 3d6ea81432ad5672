"""The independent verifier: every kind of tampering with an exported log is found, with its place."""

import ast
import gzip
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bottega.actions.log import verify_export as verifier
from bottega.actions.log.canonical import Block, block_as_line, block_from_line, block_hash, entry_from_line, line_text
from bottega.actions.log.export import export_log
from bottega.actions.log.sealer import Sealer
from bottega.actions.log.signing import SigningKey
from bottega.actions.log.verify_export import ExportReport, public_key_from_text, verify_export
from bottega.kernel.errors import Invalid
from bottega.platform.clock import SystemClock
from tests.actions.log.counters import CounterShop, MoveCounters

Lines = list[dict[str, Any]]


@pytest.fixture
async def export(counter_shop: CounterShop, sealer: Sealer, signing_key: SigningKey, tmp_path: Path) -> Path:
    """Three blocks: lines 2-12 and 13, 14-20 and 21, 22-26 and 27, closed by line 28."""
    assert await counter_shop.write_some() == 11
    await sealer.seal_all()
    for entries in (7, 5):
        for number in range(entries):
            await counter_shop.do(MoveCounters(counter_ids=["c0", "c1"], by=number))
        await sealer.seal_all()
    path = tmp_path / "log.jsonl"
    await export_log(counter_shop.database, path, signing_key, SystemClock())
    return path


def read(path: Path) -> Lines:
    return [json.loads(text) for text in path.read_bytes().splitlines()]


def write(path: Path, lines: Lines) -> Path:
    path.write_bytes(b"".join(line_text(line) + b"\n" for line in lines))
    return path


def place(report: ExportReport) -> tuple[str, int | None, int | None]:
    assert report.finding is not None, "nothing was found"
    return report.finding.code, report.finding.line, report.finding.position


async def test_a_whole_export_is_whole(
    export: Path, counter_shop: CounterShop, sealer: Sealer, signing_key: SigningKey
) -> None:
    report = verify_export(export, public_keys=signing_key.public_keys)
    assert report.finding is None
    assert (report.entries, report.blocks, report.key_is_given) == (23, 3, True)
    head = await counter_shop.value("SELECT encode(hash, 'hex') FROM log.blocks ORDER BY number DESC LIMIT 1")
    assert report.head == head
    assert verify_export(export, expect_head=head).finding is None
    lines = read(export)
    assert [line["kind"] for line in lines].count("entry") == 23
    assert lines[1]["entry"]["arguments"] == '{"counter_id":"c0","note":"line\\nfeed c0 ☃"}'
    assert lines[1]["changes"][0]["after"] == '{"id": "c0", "note": "line\\nfeed c0 ☃", "total": 0}'


async def test_an_older_export_is_whole_but_not_the_expected_one(
    export: Path, counter_shop: CounterShop, sealer: Sealer, signing_key: SigningKey
) -> None:
    await counter_shop.do(MoveCounters(counter_ids=["c0"]))
    await sealer.seal_all()
    newest = await counter_shop.value("SELECT encode(hash, 'hex') FROM log.blocks ORDER BY number DESC LIMIT 1")
    report = verify_export(export, public_keys=signing_key.public_keys, expect_head=newest)
    assert report.finding is not None
    assert report.finding.code == "other_head"
    assert newest in report.finding.message


async def test_a_compressed_export_is_read_and_its_damage_found(
    export: Path, counter_shop: CounterShop, signing_key: SigningKey, tmp_path: Path
) -> None:
    path = tmp_path / "log.jsonl.gz"
    seen: list[tuple[int, int]] = []
    summary = await export_log(
        counter_shop.database, path, signing_key, SystemClock(), progress=lambda done, total: seen.append((done, total))
    )
    assert (summary.entries, summary.blocks, summary.size_bytes) == (23, 3, path.stat().st_size)
    assert seen == [(number, 23) for number in range(1, 24)]
    assert verify_export(path, public_keys=signing_key.public_keys).finding is None
    path.write_bytes(path.read_bytes()[:-200])
    finding = verify_export(path, public_keys=signing_key.public_keys).finding
    assert finding is not None
    assert finding.code == "truncated"


def _edit(line: int, change: Callable[[dict[str, Any]], Any]) -> Callable[[Lines], Lines]:
    def edited(lines: Lines) -> Lines:
        change(lines[line - 1])
        return lines

    return edited


def _set(*path: Any) -> Callable[[dict[str, Any]], None]:
    """Sets the value at a path of keys; the last element is the value."""

    def change(line: Any) -> None:
        for key in path[:-2]:
            line = line[key]
        assert line[path[-2]] != path[-1], "this would change nothing"
        line[path[-2]] = path[-1]

    return change


def _without(*numbers: int) -> Callable[[Lines], Lines]:
    return lambda lines: [line for number, line in enumerate(lines, 1) if number not in numbers]


def _swapped(one: int, other: int) -> Callable[[Lines], Lines]:
    def swap(lines: Lines) -> Lines:
        lines[one - 1], lines[other - 1] = lines[other - 1], lines[one - 1]
        return lines

    return swap


def _renumbered_without(number: int) -> Callable[[Lines], Lines]:
    """Deletes an entry and moves every later position up, as a careful forger would."""

    def change(lines: Lines) -> Lines:
        del lines[number - 1]
        for line in lines[number - 1 :]:
            for name in ("position", "first_position", "last_position", "entries"):
                if name in line and not (name == "first_position" and line[name] <= number - 1):
                    line[name] -= 1
        return lines

    return change


def _rehashed(number: int) -> Callable[[Lines], Lines]:
    """Edits an entry and gives it the hash of its new text."""

    def change(lines: Lines) -> Lines:
        line = lines[number - 1]
        line["entry"]["actor_id"] = "stf_somebody_else"
        line["entry_hash"] = entry_from_line(line).computed_hash().hex()
        return lines

    return change


def _appended(lines: Lines) -> Lines:
    return [*lines, lines[-1]]


TAMPERINGS: list[tuple[str, Callable[[Lines], Lines], tuple[str, int | None, int | None]]] = [
    ("who did it", _edit(5, _set("entry", "actor_id", "stf_other")), ("altered", 5, 4)),
    ("the arguments", _edit(2, _set("entry", "arguments", "{}")), ("altered", 2, 1)),
    ("the time", _edit(9, _set("entry", "recorded_at", "2020-01-01T00:00:00.000000Z")), ("altered", 9, 8)),
    ("a key removed", _edit(9, _set("entry", "idempotency_key", "k")), ("altered", 9, 8)),
    ("an image before", _edit(6, _set("changes", 0, "before", None)), ("altered", 6, 5)),
    ("an image after", _edit(6, _set("changes", 3, "after", "{}")), ("altered", 6, 5)),
    ("the order of changes", _edit(6, lambda line: line["changes"].reverse()), ("altered", 6, 5)),
    ("a change removed", _edit(6, lambda line: line["changes"].pop()), ("altered", 6, 5)),
    ("a field added", _edit(6, lambda line: line["entry"].update(x="y")), ("altered", 6, 5)),
    ("an entry's hash", _edit(4, _set("entry_hash", "00" * 32)), ("altered", 4, 3)),
    ("an entry and its hash", _rehashed(15), ("altered", 21, 12)),
    ("an entry deleted", _without(7), ("missing", 7, 7)),
    ("two entries deleted", _without(7, 8), ("missing", 7, 8)),
    ("the first entry deleted", _without(2), ("missing", 2, 2)),
    ("the last entry of a block deleted", _without(12), ("missing", 12, None)),
    ("an entry deleted and the rest renumbered", _renumbered_without(7), ("altered", 12, 1)),
    ("an entry of a later block deleted and the rest renumbered", _renumbered_without(15), ("altered", 20, 12)),
    ("a whole block deleted", _without(*range(14, 22)), ("missing", 14, 19)),
    ("a block's line deleted", _without(13), ("missing", 20, None)),
    ("two entries swapped", _swapped(4, 5), ("missing", 4, 4)),
    ("two blocks' lines swapped", _swapped(13, 21), ("missing", 13, None)),
    ("an entry repeated", lambda lines: [*lines[:4], lines[3], *lines[4:]], ("out_of_order", 5, 3)),
    ("a block's time", _edit(13, _set("sealed_at", "2020-01-01T00:00:00.000000Z")), ("altered", 13, 1)),
    ("a block's signature", _edit(13, _set("signature", "00" * 64)), ("forged", 13, None)),
    ("a block's key", _edit(13, _set("key_id", "0123456789abcdef")), ("altered", 13, 1)),
    ("a block's predecessor", _edit(21, _set("previous_hash", "00" * 32)), ("broken_chain", 21, None)),
    ("the header's time", _edit(1, _set("exported_at", "2020-01-01T00:00:00.000000Z")), ("altered", 1, None)),
    ("the closing line's count", _edit(28, _set("entries", 22)), ("forged", 28, None)),
    ("the closing line's time", _edit(28, _set("exported_at", "x")), ("forged", 28, None)),
    ("cut within a block", lambda lines: lines[:16], ("truncated", 17, 15)),
    ("cut at a block's end", lambda lines: lines[:21], ("truncated", 22, 19)),
    ("cut before the closing line", lambda lines: lines[:27], ("truncated", 28, 24)),
    ("cut at a block's end, closing line kept", _without(*range(22, 28)), ("truncated", 22, 19)),
    ("the last block gone, entries kept", _without(27), ("unsealed", 27, 19)),
    ("a line after the end", _appended, ("added", 29, None)),
]


def test_tampering_is_found_where_it_stands(export: Path, signing_key: SigningKey, tmp_path: Path) -> None:
    tampered = tmp_path / "tampered.jsonl"
    found = {
        name: place(verify_export(write(tampered, change(read(export))), public_keys=signing_key.public_keys))
        for name, change, _ in TAMPERINGS
    }
    assert found == {name: expected for name, _, expected in TAMPERINGS}


def test_any_edited_byte_is_found(export: Path, signing_key: SigningKey) -> None:
    original = export.read_bytes()
    refused_lines = set[int]()
    for offset in range(0, len(original), 97):
        # Another digit, letter or sign, so that most lines stay JSON.
        edited = bytes([original[offset] ^ 1]) if original[offset] not in b"\n" else b" "
        export.write_bytes(original[:offset] + edited + original[offset + 1 :])
        line = original[:offset].count(b"\n") + 1
        try:
            finding = verify_export(export, public_keys=signing_key.public_keys).finding
        except Invalid:
            refused_lines.add(line)
            continue
        assert finding is not None, f"byte {offset} of line {line}"
        # An edit of an entry that is found in its own line, or of a closing line's count, nowhere later.
        assert finding.line is not None
        assert finding.line <= max(line, 1), f"byte {offset} of line {line} was found in line {finding.line}"
    assert refused_lines == {1}, "only a damaged header makes a file no export"


def test_truncation_within_a_line_is_found(export: Path, signing_key: SigningKey) -> None:
    whole = export.read_bytes()
    ends = [offset for offset, byte in enumerate(whole) if byte == ord("\n")]
    export.write_bytes(whole[: ends[8] + 50])
    assert place(verify_export(export, public_keys=signing_key.public_keys)) == ("truncated", 10, 9)
    export.write_bytes(whole[:-1])
    assert place(verify_export(export, public_keys=signing_key.public_keys)) == ("truncated", 28, 24)


def test_a_log_forged_with_another_key_is_whole_but_not_trusted(export: Path, signing_key: SigningKey) -> None:
    """Somebody rewrites an entry and signs everything again with a key of their own."""
    forger = SigningKey.from_secret(b"the forger's secret")
    lines, hashes, head = read(export), b"", None
    lines[0]["public_keys"] = {forger.key_id: forger.public_key.hex()}
    lines[3]["entry"]["actor_id"] = "stf_somebody_else"
    for index, line in enumerate(lines):
        if line["kind"] == "entry":
            line["entry_hash"] = entry_from_line(line).computed_hash().hex()
            hashes += bytes.fromhex(line["entry_hash"])
        if line["kind"] == "block":
            head = _forged_block(block_from_line(line), head, hashes, forger)
            lines[index], hashes = block_as_line(head), b""
    assert head is not None
    digest = hashlib.sha256(b"".join(line_text(line) + b"\n" for line in lines[:-1])).hexdigest()
    trailer = {**lines[-1], "head": head.hash.hex(), "digest": digest, "key_id": forger.key_id}
    del trailer["signature"]
    lines[-1] = {**trailer, "signature": forger.sign_export(line_text(trailer)).hex()}
    write(export, lines)

    unaware = verify_export(export)
    assert (unaware.finding, unaware.key_is_given, unaware.key_ids) == (None, False, (forger.key_id,))
    assert place(verify_export(export, public_keys=signing_key.public_keys)) == ("unknown_key", 13, None)


def _forged_block(block: Block, head: Block | None, hashes: bytes, forger: SigningKey) -> Block:
    previous = block.previous_hash if head is None else head.hash
    digest = block_hash(
        block.number, block.first_position, block.last_position, previous, forger.key_id, block.sealed_at, hashes
    )
    return replace(
        block, previous_hash=previous, key_id=forger.key_id, hash=digest, signature=forger.sign_block(digest)
    )


async def test_an_empty_log_is_exported_and_cannot_pass_for_a_full_one(
    counter_shop: CounterShop, signing_key: SigningKey, tmp_path: Path
) -> None:
    path = tmp_path / "empty.jsonl"
    await export_log(counter_shop.database, path, signing_key, SystemClock())
    report = verify_export(path, public_keys=signing_key.public_keys)
    assert (report.entries, report.blocks, report.head, report.finding) == (0, 0, None, None)
    assert place(verify_export(path, expect_head="ab" * 32))[0] == "other_head"


@pytest.mark.parametrize("content", [b"", b"{}\n", b"[" * 100_000, b"\xff\xfe\n", b'{"kind":"entry"}\n', b"7\n"])
def test_what_is_no_export_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.jsonl"
    path.write_bytes(content)
    with pytest.raises(Invalid, match=r"no export|does not begin"):
        verify_export(path)
    with pytest.raises(Invalid, match="cannot be read"):
        verify_export(tmp_path / "missing.jsonl")


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "newer.jsonl"
    header = {"kind": "header", "format": "bottega log export", "version": 2, "public_keys": {}, "exported_at": ""}
    path.write_bytes(line_text(header) + b"\n")
    with pytest.raises(Invalid, match="format version 2"):
        verify_export(path)


def test_a_public_key_is_read_as_it_is_printed(signing_key: SigningKey) -> None:
    assert public_key_from_text(f" {signing_key.public_key.hex()}\n") == signing_key.public_keys
    with pytest.raises(Invalid, match="64 hexadecimal digits"):
        public_key_from_text("abc")


def test_the_verifier_imports_nothing_of_the_database() -> None:
    todo, seen = [Path(verifier.__file__)], set[str]()
    while todo:
        for node in ast.walk(ast.parse(todo.pop().read_text())):
            names = (
                [node.module]
                if isinstance(node, ast.ImportFrom) and node.module
                else [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else []
            )
            for name in set(names) - seen:
                seen.add(name)
                if name.startswith("bottega."):
                    assert not name.startswith("bottega.platform"), name
                    todo.append(Path(verifier.__file__).parents[3] / f"{name.replace('.', '/')}.py")
    assert "bottega.actions.log.chain" in seen
    assert "asyncpg" not in seen


def test_gzip_is_told_by_the_name(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl.gz"
    path.write_bytes(gzip.compress(b"{}\n"))
    with pytest.raises(Invalid, match="does not begin"):
        verify_export(path)
