"""The log over HTTP: what happened is found, shown, and undone unless somebody changed it since."""

from typing import Any

import asyncpg
import pytest

from bottega.kernel.identifiers import new_id
from bottega.shop.prices.actions import ChangePrice
from tests.gateway.test_payments import staff_call
from tests.shop.entries import add_variant, entry
from tests.shop_fixtures import MANAGER, OWNER, Shop


async def priced(shop: Shop, amount_minor: int = 10_000) -> str:
    """A variant with a price."""
    variant_id = await add_variant(shop, "JACKET-M")
    async with entry(shop) as work:
        await work.connection.execute(
            "INSERT INTO shop.prices (id, variant_id, currency, amount_minor) VALUES ($1, $2, 'EUR', $3)",
            new_id("prc"),
            variant_id,
            amount_minor,
        )
    return variant_id


async def price_of(shop: Shop, variant_id: str) -> int:
    return await shop.fetchval("SELECT amount_minor FROM shop.prices WHERE variant_id = $1", variant_id)


async def change(shop: Shop, variant_id: str, amount_minor: int, by: Any = MANAGER) -> str:
    """The entry of a changed price."""
    await shop.done(ChangePrice(variant_id=variant_id, currency="EUR", amount_minor=amount_minor), by)
    return await shop.fetchval("SELECT id FROM log.entries ORDER BY sequence DESC LIMIT 1")


async def test_an_action_is_undone_and_not_a_second_time(shop: Shop) -> None:
    variant_id = await priced(shop)
    entry_id = await change(shop, variant_id, 12_000)
    undone = await staff_call(shop, "owner", "POST", f"/api/log/{entry_id}/undo", key="u1")
    assert (undone.status_code, undone.json()["undone"], undone.json()["action"]) == (200, entry_id, "ChangePrice")
    assert await price_of(shop, variant_id) == 10_000
    repeated = await staff_call(shop, "owner", "POST", f"/api/log/{entry_id}/undo", key="u1")
    assert repeated.headers["Idempotency-Replayed"] == "true"
    twice = await staff_call(shop, "owner", "POST", f"/api/log/{entry_id}/undo", key="u2")
    assert (twice.status_code, twice.json()["code"]) == (409, "changed_since")
    assert await price_of(shop, variant_id) == 10_000


async def test_an_undo_over_a_later_change_is_refused_and_names_it(shop: Shop) -> None:
    variant_id = await priced(shop)
    first = await change(shop, variant_id, 12_000)
    second = await change(shop, variant_id, 12_500, OWNER)
    entries = await shop.fetchval("SELECT count(*) FROM log.entries")
    refused = await staff_call(shop, "owner", "POST", f"/api/log/{first}/undo", key="u1")
    problem = refused.json()
    assert (refused.status_code, problem["code"]) == (409, "changed_since")
    assert problem["details"]["later_entry_id"] == second
    assert second in problem["detail"]
    assert await price_of(shop, variant_id) == 12_500
    assert await shop.fetchval("SELECT count(*) FROM log.entries") == entries
    for entry_id in (second, first):
        assert (await staff_call(shop, "owner", "POST", f"/api/log/{entry_id}/undo", key=entry_id)).status_code == 200
    assert await price_of(shop, variant_id) == 10_000


async def test_who_may_undo_nothing_undoes_nothing(shop: Shop) -> None:
    variant_id = await priced(shop)
    entry_id = await change(shop, variant_id, 12_000)
    for role in ("support", "warehouse", "analyst"):
        assert (await staff_call(shop, role, "POST", f"/api/log/{entry_id}/undo", key="u")).status_code == 403
    unknown = await staff_call(shop, "owner", "POST", f"/api/log/{new_id('ent')}/undo", key="u")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "no_such_entry")
    assert await price_of(shop, variant_id) == 12_000


async def test_what_happened_is_found_by_who_what_and_when(shop: Shop) -> None:
    variant_id = await priced(shop)
    ids = [await change(shop, variant_id, amount, by) for amount, by in ((11_000, MANAGER), (11_500, OWNER))]
    ids.append(await change(shop, variant_id, 12_000, MANAGER))

    async def found(**asked: str) -> list[str]:
        parameters = "&".join(f"{name}={value}" for name, value in {"action": "ChangePrice", **asked}.items())
        answered = await staff_call(shop, "manager", "GET", f"/api/log?{parameters}")
        assert answered.status_code == 200, answered.text
        return [item["id"] for item in answered.json()["items"]]

    assert await found() == ids[::-1]
    assert await found(actor_id=MANAGER.id) == [ids[2], ids[0]]
    price_id = await shop.fetchval("SELECT id FROM shop.prices")
    assert await found(object_id=price_id) == ids[::-1]
    assert await found(object_id="none") == []
    assert await found(until="2020-01-01T00:00:00Z") == []
    assert await found(since="2020-01-01T00:00:00Z") == ids[::-1]
    first = await staff_call(shop, "manager", "GET", "/api/log?action=ChangePrice&limit=2")
    cursor = first.json()["next_cursor"]
    assert await found(limit="2", cursor=cursor) == [ids[0]]


async def test_an_entry_shows_its_rows_before_and_after(shop: Shop) -> None:
    variant_id = await priced(shop)
    entry_id = await change(shop, variant_id, 12_000)
    shown = (await staff_call(shop, "manager", "GET", f"/api/log/{entry_id}")).json()
    assert (shown["action"], shown["actor_id"], shown["arguments"]["amount_minor"]) == (
        "ChangePrice",
        MANAGER.id,
        12_000,
    )
    (row,) = [changed for changed in shown["changes"] if changed["table_name"] == "shop.prices"]
    assert (row["before"]["amount_minor"], row["after"]["amount_minor"]) == (10_000, 12_000)


async def test_a_direct_write_to_the_shop_is_refused_by_the_database(shop: Shop) -> None:
    """With the shop's own password and without an action: every kind of write, on every table there is."""
    variant_id = await priced(shop)
    tables = [row["table_name"] for row in await shop.fetch("SELECT table_name FROM log.folded_tables ORDER BY 1")]
    assert {"shop.orders", "shop.prices", "shop.stock_levels", "shop.ledger_postings"} <= set(tables)
    connection = await asyncpg.connect(shop.application.database.dsn)
    try:
        for statement in (
            "UPDATE shop.prices SET amount_minor = 1",
            "DELETE FROM shop.prices",
            f"INSERT INTO shop.prices (id, variant_id, currency, amount_minor) VALUES ('p', '{variant_id}', 'USD', 1)",
            *(f"TRUNCATE {table} CASCADE" for table in tables),
        ):
            with pytest.raises(asyncpg.PostgresError) as caught:
                await connection.execute(statement)
            assert caught.value.sqlstate == "BT001", statement
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            await connection.execute(
                "SELECT set_config('bottega.entry', 'ent_made_up', true); UPDATE shop.prices SET amount_minor = 1"
            )
    finally:
        await connection.close()
    assert await price_of(shop, variant_id) == 10_000
