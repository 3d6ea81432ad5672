"""Verifying the log in the database: what somebody with the database's password could do is found and placed."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from bottega.actions.log.anchor import FileAnchor
from bottega.actions.log.canonical import block_as_line
from bottega.actions.log.sealer import Sealer
from bottega.actions.log.signing import SigningKey
from bottega.actions.log.verify import Verification, verify_log
from bottega.kernel.errors import Invalid
from bottega.platform.clock import SystemClock
from tests.actions.log.counters import CounterShop, MoveCounters


@pytest.fixture
async def shop(counter_shop: CounterShop, signing_key: SigningKey, tmp_path: Path) -> CounterShop:
    """Two blocks, positions 1-11 and 12-14; the anchor knows the second."""
    sealing = Sealer(counter_shop.dsn, signing_key, SystemClock(), anchor=FileAnchor(tmp_path / "anchor.json"))
    assert await counter_shop.write_some() == 11
    await sealing.seal_all()
    for _ in range(3):
        await counter_shop.do(MoveCounters(counter_ids=["c0", "c1"]))
    await sealing.seal_all()
    await sealing.close()
    return counter_shop


async def check(shop: CounterShop, key: SigningKey, directory: Path) -> Verification:
    return await verify_log(shop.database, key.public_keys, anchor=FileAnchor(directory / "anchor.json").read())


async def test_an_untouched_log_holds(shop: CounterShop, signing_key: SigningKey, tmp_path: Path) -> None:
    await shop.do(MoveCounters(counter_ids=["c2"]))
    seen: list[tuple[int, int]] = []
    result = await verify_log(
        shop.database, signing_key.public_keys, progress=lambda done, total: seen.append((done, total))
    )
    assert result.findings == ()
    assert (result.entries, result.blocks, result.unsealed) == (14, 2, 1)
    assert seen[-1] == (14, 14)
    anchored = await check(shop, signing_key, tmp_path)
    assert (anchored.findings, anchored.anchored_position) == ((), 14)


def entry_at(position: int) -> str:
    return f"(SELECT entry_id FROM log.positions WHERE position = {position})"


CUT = (
    "CREATE TEMP TABLE cut AS SELECT entry_id FROM log.positions WHERE position > 11;"
    "DELETE FROM log.blocks WHERE number = 2; DELETE FROM log.positions WHERE position > 11;"
    "DELETE FROM log.changes WHERE entry_id IN (SELECT * FROM cut);"
    "DELETE FROM log.entries WHERE id IN (SELECT * FROM cut)"
)

TAMPERINGS = {
    f"UPDATE log.entries SET actor_id = 'x' WHERE id = {entry_at(5)}": ("altered", 5),
    f"UPDATE log.entries SET recorded_at = recorded_at - interval '1 us' WHERE id = {entry_at(5)}": ("altered", 5),
    f"UPDATE log.entries SET arguments = '\\xff' WHERE id = {entry_at(5)}": ("altered", 5),
    f"UPDATE log.changes SET after = after || '{{\"total\": 7}}' WHERE entry_id = {entry_at(13)} AND row_key = 'c1'": (
        "altered",
        13,
    ),
    f"DELETE FROM log.changes WHERE entry_id = {entry_at(13)} AND row_key = 'c1'": ("altered", 13),
    f"INSERT INTO log.changes (entry_id, table_name, row_key, operation, after) "
    f"VALUES ({entry_at(2)}, 'shop.counters', 'cX', 'insert', '{{}}')": ("altered", 2),
    f"UPDATE log.changes SET entry_id = {entry_at(13)} WHERE entry_id = {entry_at(12)}": ("altered", 12),
    f"DELETE FROM log.entries WHERE id = {entry_at(5)}": ("missing", 5),
    "DELETE FROM log.positions WHERE position = 5": ("missing", 6),
    "DELETE FROM log.positions WHERE position = 14": ("missing", None),
    "DELETE FROM log.blocks WHERE number = 2": ("unsealed", 12),
    "DELETE FROM log.blocks WHERE number = 1": ("missing", None),
    "UPDATE log.blocks SET sealed_at = now() WHERE number = 1": ("altered", 1),
    "UPDATE log.blocks SET signature = '' WHERE number = 2": ("forged", None),
    "UPDATE log.positions SET entry_hash = '' WHERE position = 3": ("altered", 3),
    "UPDATE log.positions SET sequence = 100 WHERE position = 14": ("misnumbered", 14),
    "INSERT INTO log.changes (entry_id, table_name, row_key, operation, after) "
    "VALUES ('ent_none', 'shop.counters', 'cX', 'insert', '{}')": ("orphan_change", None),
    "INSERT INTO log.entries SELECT 'ent_late', 0, action, arguments, arguments_digest, request_digest, actor_kind, "
    "actor_id, actor_role, on_behalf_of, because, key_scope, NULL, rule_ids, policy_version, approval_id, facts, "
    "resolved, result, recorded_at FROM log.entries LIMIT 1": ("slipped_in", None),
    CUT: ("truncated", 12),
}


@pytest.mark.parametrize("statement", TAMPERINGS)
async def test_tampering_with_the_tables_is_found(
    shop: CounterShop, signing_key: SigningKey, tmp_path: Path, statement: str
) -> None:
    await shop.tamper(statement)
    findings = (await check(shop, signing_key, tmp_path)).findings
    assert findings
    assert (findings[0].code, findings[0].position) == TAMPERINGS[statement]


async def test_without_the_anchor_a_cut_tail_would_go_unnoticed(shop: CounterShop, signing_key: SigningKey) -> None:
    await shop.tamper(CUT)
    assert (await verify_log(shop.database, signing_key.public_keys)).findings == ()


async def test_a_chain_sealed_again_with_a_stolen_hand_is_found_by_the_anchor(
    shop: CounterShop, signing_key: SigningKey, tmp_path: Path
) -> None:
    await shop.tamper(
        f"UPDATE log.entries SET actor_id = 'x' WHERE id = {entry_at(13)}",
        "DELETE FROM log.blocks WHERE number = 2",
        "DELETE FROM log.positions WHERE position > 11",
    )
    sealing = Sealer(shop.dsn, signing_key, SystemClock())
    assert await sealing.seal_all() == 3
    await sealing.close()
    assert (await verify_log(shop.database, signing_key.public_keys)).findings == ()
    (finding,) = (await check(shop, signing_key, tmp_path)).findings
    assert (finding.code, finding.block) == ("rewritten", 2)


async def test_another_key_is_not_trusted(shop: CounterShop, tmp_path: Path) -> None:
    other = SigningKey.from_secret(b"another secret")
    findings = (await check(shop, other, tmp_path)).findings
    assert [finding.code for finding in findings] == ["unknown_key", "anchor_unknown_key"]
    assert "is not trusted here" in str(findings[0])


async def test_the_anchor_keeps_the_newest_head(shop: CounterShop, tmp_path: Path) -> None:
    anchor = FileAnchor(tmp_path / "anchor.json")
    newest = anchor.read()
    assert newest is not None
    assert (newest.number, newest.last_position) == (2, 14)
    older = json.loads((tmp_path / "anchor.json").read_text())
    await anchor.keep(replace(newest, number=1))
    assert json.loads((tmp_path / "anchor.json").read_text()) == older == block_as_line(newest)
    assert FileAnchor(tmp_path / "none.json").read() is None
    (tmp_path / "anchor.json").write_text("{}")
    with pytest.raises(Invalid, match="not an anchor"):
        anchor.read()
