"""What a shopper tells about themself is in the vault and nowhere else, after everything that a shop does with it."""

from tests.gateway.checkout import ADDRESS, bought, open_counter
from tests.gateway.test_payments import drive, staff_call
from tests.shop_fixtures import Shop

TOLD = ("ada@example.com", ADDRESS["name"], ADDRESS["line1"], ADDRESS["postal_code"])


async def everything(shop: Shop, *schemas: str) -> str:
    """All rows of all tables of these schemas as text; bytes are read as the text they are."""
    texts: list[str] = []
    columns = await shop.fetch(
        "SELECT table_schema || '.' || table_name AS name, column_name, data_type FROM information_schema.columns c "
        "JOIN pg_tables t ON (t.schemaname, t.tablename) = (c.table_schema, c.table_name) "
        "WHERE table_schema = ANY ($1::text[])",
        list(schemas),
    )
    for column in columns:
        shown = (
            f"encode(\"{column['column_name']}\", 'escape')"
            if column["data_type"] == "bytea"
            else (f'"{column["column_name"]}"::text')
        )
        text = await shop.fetchval(f"SELECT string_agg({shown}, E'\\n') FROM {column['name']}")
        texts.append(text or "")
    return "\n".join(texts)


async def test_an_order_leaves_what_was_told_in_the_vault_alone(shop: Shop) -> None:
    buyer, order_id = await bought(shop, await open_counter(shop))
    refund = {"reason": "scratched", "amount_minor": 20_000}
    held = await staff_call(shop, "support", "POST", f"/api/orders/{order_id}/refunds", refund, "r")
    assert held.status_code == 202
    await drive(shop)
    kept = await everything(shop, "vault")
    outside = await everything(shop, "shop", "log", "search")
    assert order_id in outside
    for value in TOLD:
        assert value in kept
        assert value not in outside
    # They do come back out for the person whom they are about.
    order = await buyer.read(order_id)
    assert order["email"] == "ada@example.com"
