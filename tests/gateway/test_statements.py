"""How many SQL statements a whole checkout costs, transactions, settlement and all."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

from bottega.shop.promotions.actions import CreatePromotion
from tests.gateway.checkout import TOTAL_MINOR, Buyer, open_counter
from tests.shop_fixtures import Shop

LARGEST_NUMBER_OF_STATEMENTS = 60


@asynccontextmanager
async def statements_of(shop: Shop) -> AsyncGenerator[list[str]]:
    """The statements of every connection of all pools, in the order they were sent."""
    seen: list[str] = []

    def note(record: Any) -> None:
        # One message may carry several statements (BEGIN and the naming of the entry): each of them counts.
        seen.extend(" ".join(part.split()) for part in record.query.split(";") if part.strip())

    database: Any = shop.application.database
    holders = [holder for pool in database.pools for holder in pool._holders]
    connected: list[Any] = [holder._con for holder in holders if holder._con is not None]
    for connection in connected:
        connection.add_query_logger(note)
    yield seen
    for connection in connected:
        connection.remove_query_logger(note)
    assert len([holder for holder in holders if holder._con is not None]) == len(connected), "a connection was missed"


async def test_a_whole_checkout_stays_within_its_statements(shop: Shop) -> None:
    counter = await open_counter(shop)
    offer = CreatePromotion(name="Ten off", kind="percent", percent=Decimal(10))
    await shop.done(offer)
    # The first checkout opens connections and reads what is kept for a few seconds (settings, rates).
    await checkout(shop, counter)
    async with statements_of(shop) as seen:
        order_id = await checkout(shop, counter)
    assert await shop.fetchval("SELECT payment_status FROM shop.orders WHERE id = $1", order_id) == "paid"
    assert await shop.fetchval("SELECT count(*) FROM shop.promotion_uses WHERE order_id = $1", order_id) == 1
    listed = "\n".join(f"{number:3} {text[:110]}" for number, text in enumerate(seen, start=1))
    assert len(seen) <= LARGEST_NUMBER_OF_STATEMENTS, listed


async def checkout(shop: Shop, counter: Any) -> str:
    """Seven calls: cart, two lines, contact, shipping, order, payment."""
    buyer = await Buyer.arrive(shop, counter)
    placed = await buyer.order()
    assert placed["total_minor"] < TOTAL_MINOR
    assert (await buyer.pay(placed["order_id"]))["status"] == "captured"
    return placed["order_id"]
