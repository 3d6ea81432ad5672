"""What a message calls by its title is in the model's slots and among the evidence before anything is decided."""

from datetime import timedelta
from typing import Any

import pytest_asyncio

from bottega.agents.assistant.named_products import NAMED_PRODUCTS, TITLES_AGE
from tests.agents.counter import Counter
from tests.runtime.workshop import says
from tests.shop.entries import entry
from tests.shop_fixtures import MovableClock

TITLE = "Stormglass Shell Jacket"


@pytest_asyncio.fixture
async def titled(counter: Counter) -> Counter:
    """The counter, with a product that has a name of its own."""
    await _change(counter, "title = $2", TITLE)
    return counter


async def _change(counter: Counter, change: str, value: str) -> None:
    async with entry(counter.wardrobe.shop) as work:
        product_id = await work.connection.fetchval(
            "SELECT product_id FROM shop.variants WHERE id = $1", counter.wardrobe.medium
        )
        statement = f"UPDATE shop.products SET {change}, updated_at = $3 WHERE id = $1"
        await work.connection.execute(statement, product_id, value, work.now)


def _named(counter: Counter) -> dict[str, Any]:
    return counter.model.requests[-1].context["slots"][NAMED_PRODUCTS]


async def test_a_named_product_comes_with_its_record(titled: Counter) -> None:
    await titled.say("how warm is the Stormglass shell, please", says("Quite."))
    (one,) = _named(titled)["named"]
    (product,) = one["products"]
    assert (one["words"], product["title"], product["currency"]) == ("Stormglass shell", TITLE, "EUR")
    assert product["price_minor"] == 8_000


async def test_a_message_without_a_name_leaves_nothing_of_the_one_before(titled: Counter) -> None:
    await titled.say("how warm is the Stormglass shell", says("Quite."))
    await titled.say("thank you very much", says("You are welcome."))
    assert _named(titled) == {"named": [], "known_words": []}


async def test_what_is_no_longer_published_is_named_no_more(titled: Counter) -> None:
    await titled.say("how warm is the Stormglass shell", says("Quite."))
    await _change(titled, "status = $2", "archived")
    clock = titled.wardrobe.shop.application.clock
    assert isinstance(clock, MovableClock)
    clock.advance(TITLES_AGE + timedelta(seconds=1))
    await titled.say("how warm is the Stormglass shell", says("I do not know it."))
    assert _named(titled)["named"] == []
