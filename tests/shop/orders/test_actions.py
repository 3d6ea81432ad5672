"""Notes on orders: of colleagues, and of customers on what is theirs."""

import pytest
import pytest_asyncio

from bottega.actions.actor import Actor
from bottega.kernel.errors import Conflict, Refusal
from bottega.kernel.identifiers import new_id
from bottega.shop.orders import actions
from bottega.shop.orders.actions import AddOrderNote
from tests.shop.wardrobe import Wardrobe, open_wardrobe
from tests.shop_fixtures import Shop


@pytest_asyncio.fixture
async def wardrobe(shop: Shop) -> Wardrobe:
    return await open_wardrobe(shop)


async def notes(wardrobe: Wardrobe) -> list[tuple[str, str]]:
    rows = await wardrobe.shop.fetch("SELECT author, vault.reveal(text_ref) AS text FROM shop.order_notes ORDER BY id")
    return [(row["author"], row["text"]) for row in rows]


async def test_a_customer_writes_on_their_own_order_and_on_no_other(wardrobe: Wardrobe) -> None:
    order = await wardrobe.bought(wardrobe.medium)
    await wardrobe.done(AddOrderNote(order_id=order, text="Please ring twice."))
    stranger = Actor("customer", new_id("cus"), "customer")
    with pytest.raises(Refusal):
        (await wardrobe.act(AddOrderNote(order_id=order, text="Mine."), by=stranger)).unwrap()
    assert await notes(wardrobe) == [(wardrobe.customer.id, "Please ring twice.")]


async def test_an_order_takes_so_many_notes_and_no_more(wardrobe: Wardrobe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "MOST_NOTES", 1)
    order = await wardrobe.bought(wardrobe.medium)
    await wardrobe.done(AddOrderNote(order_id=order, text="One."))
    with pytest.raises(Conflict, match="takes no more"):
        (await wardrobe.act(AddOrderNote(order_id=order, text="Two."))).unwrap()
    assert len(await notes(wardrobe)) == 1
