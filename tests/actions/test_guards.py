"""The database's own guards: what no program and nobody at a prompt can do."""

import asyncpg
import pytest

from bottega.actions.outcome import Done
from tests.actions.box_shop import BoxShop
from tests.actions.boxes import AddTo, Misbehave, PutBox

OUTSIDE = "BT001"


async def refusal(shop: BoxShop, *statements: str) -> asyncpg.PostgresError:
    """What the database says to somebody with the shop's own password; nothing has changed."""
    before = await shop.written(), await shop.amount("a")
    connection = await asyncpg.connect(shop.dsn)
    try:
        with pytest.raises(asyncpg.PostgresError) as caught:
            # Several statements in one string are one transaction.
            await connection.execute(";".join(statements))
    finally:
        await connection.close()
    assert (await shop.written(), await shop.amount("a")) == before
    return caught.value


WRITES = (
    "UPDATE shop.boxes SET amount = 1",
    "INSERT INTO shop.boxes (id, amount) VALUES ('z', 1)",
    "DELETE FROM shop.boxes",
    "TRUNCATE shop.boxes CASCADE",
    "TRUNCATE shop.slots",
    "MERGE INTO shop.boxes b USING (SELECT 1) AS one ON true WHEN MATCHED THEN UPDATE SET amount = 2",
    "WITH gone AS (DELETE FROM shop.boxes RETURNING 1) SELECT count(*) FROM gone",
    "INSERT INTO vault.values VALUES ('per_z', 'cus_1', 'email', 'x', '', now())",
    "DELETE FROM vault.values",
    "TRUNCATE vault.values",
    "INSERT INTO vault.lookups VALUES ('email', '\\x00', 'cus_1')",
    "TRUNCATE vault.lookups",
)


async def test_a_write_outside_an_action_is_refused(boxes: BoxShop) -> None:
    await boxes.done(PutBox(box_id="a"))
    await keep_value(boxes)
    for statement in WRITES:
        assert (await refusal(boxes, statement)).sqlstate == OUTSIDE, statement


async def keep_value(shop: BoxShop) -> None:
    async with shop.database.write() as connection:
        await connection.execute("SELECT set_config('bottega.entry', 'somebody', true)")
        await connection.execute("INSERT INTO vault.values VALUES ('per_1', 'cus_1', 'email', 'x', '', now())")


async def test_every_table_of_the_shop_records_its_changes(boxes: BoxShop) -> None:
    unguarded = await boxes.rows(
        "SELECT t.tablename FROM pg_tables t WHERE t.schemaname = 'shop' AND (NOT EXISTS (SELECT FROM pg_trigger g "
        "  WHERE g.tgrelid = ('shop.' || t.tablename)::regclass AND g.tgname = 'record_change') "
        "OR NOT EXISTS (SELECT FROM log.folded_tables f WHERE f.table_name = 'shop.' || t.tablename))"
    )
    assert unguarded == []


async def test_a_made_up_entry_does_not_commit(boxes: BoxShop) -> None:
    await boxes.done(PutBox(box_id="a"))
    error = await refusal(
        boxes, "SELECT set_config('bottega.entry', 'ent_made_up', true)", "UPDATE shop.boxes SET amount = 999"
    )
    assert isinstance(error, asyncpg.ForeignKeyViolationError)
    assert error.constraint_name == "changes_entry_id_fkey"


async def test_a_change_is_not_smuggled_under_an_older_entry(boxes: BoxShop) -> None:
    put = await boxes.done(PutBox(box_id="a"))
    error = await refusal(
        boxes,
        f"SELECT set_config('bottega.entry', '{put.entry_id}', true)",
        "UPDATE shop.boxes SET amount = 999",
    )
    assert error.sqlstate == OUTSIDE
    assert "written already" in str(error)


async def test_the_log_is_append_only(boxes: BoxShop) -> None:
    await boxes.done(PutBox(box_id="a"))
    inside = "SELECT set_config('bottega.entry', 'x', true)"
    for statement in (
        "UPDATE log.entries SET result = '{}'",
        "UPDATE log.changes SET after = NULL",
        "DELETE FROM log.entries",
        "DELETE FROM log.changes",
        "TRUNCATE log.entries CASCADE",
        "TRUNCATE log.changes",
    ):
        assert (await refusal(boxes, inside, statement)).sqlstate == OUTSIDE, statement


async def test_a_value_in_the_vault_never_changes(boxes: BoxShop) -> None:
    await boxes.done(PutBox(box_id="a"))
    await keep_value(boxes)
    inside = "SELECT set_config('bottega.entry', 'somebody', true)"
    error = await refusal(boxes, inside, "UPDATE vault.values SET value = 'y'")
    assert "immutable" in str(error)


async def test_a_table_without_a_primary_key_is_not_folded(boxes: BoxShop) -> None:
    error = await refusal(boxes, "CREATE TABLE shop.loose (id text)", "SELECT log.fold('shop.loose')")
    assert "primary key" in str(error)


async def test_readers_cannot_write(boxes: BoxShop) -> None:
    async with boxes.database.read() as connection:
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await connection.execute("DELETE FROM log.denials")


CHANGE_UNDER = """
WITH other AS MATERIALIZED (SELECT set_config('bottega.entry', {}, true) AS name)
UPDATE shop.boxes SET amount = 7 FROM other WHERE other.name IS NOT NULL"""


async def test_a_handler_cannot_go_around_the_log(boxes: BoxShop) -> None:
    await boxes.done(PutBox(box_id="a"))
    before = await boxes.written()
    for statement in (
        # A change under the name of an entry that is never written, of one that is, the log itself, and wholesale.
        CHANGE_UNDER.format("'ent_forged'"),
        CHANGE_UNDER.format("(SELECT id FROM log.entries)"),
        "UPDATE log.entries SET actor_id = 'somebody_else'",
        "TRUNCATE shop.slots",
    ):
        with pytest.raises(asyncpg.PostgresError):
            await boxes.perform(Misbehave(box_id="a", statement=statement))
        assert await boxes.written() == before
        assert await boxes.amount("a") == 0
    assert isinstance(await boxes.perform(AddTo(box_ids=("a",))), Done)


async def test_the_entry_of_a_transaction_ends_with_it(boxes: BoxShop) -> None:
    """The setting is the transaction's own: a connection that comes back from the pool has none."""
    await boxes.done(PutBox(box_id="a"))
    with pytest.raises(RuntimeError):
        await boxes.perform(Misbehave(box_id="a"))
    async with boxes.database.connection() as connection:
        assert await connection.fetchval("SELECT coalesce(current_setting('bottega.entry', true), '')") == ""
        with pytest.raises(asyncpg.PostgresError) as caught:
            await connection.execute("UPDATE shop.boxes SET amount = 1")
    assert caught.value.sqlstate == OUTSIDE
