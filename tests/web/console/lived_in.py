"""A shop in which every page of the console has something to show, most of it hostile; and the address of each page."""

from bottega.shop.prices.actions import ChangePrice
from bottega.shop.support.actions import OpenTicket
from tests.gateway.people import register
from tests.web.console.approvals.held import held_cut
from tests.web.console.colleagues import Colleague, colleague
from tests.web.console.conversations.test_pages import talk
from tests.web.console.reached import looked_at, reached
from tests.web.console.returns.test_pages import requested
from tests.web.console.work.test_pages import dead_effect, dead_job
from tests.web.shelf import HOSTILE, Shelf
from tests.web.visitor import Visitor


async def lived_in(shelf: Shelf) -> dict[str, str]:
    """An address for every path that is looked at; a page that no link leads to is nobody's."""
    await _live(shelf)
    owner = await colleague(shelf, "owner")
    found = await reached(lambda address: _text(owner, address))
    await owner.client.aclose()
    missing = sorted(set(looked_at()) - set(found))
    assert not missing, f"no link of the console leads to {missing}"
    return found


async def _live(shelf: Shelf) -> None:
    await held_cut(shelf)
    # A price that was changed, and is what it was.
    variant_id = await shelf.variant("hostile")
    for amount in (19_000, 20_000):
        await shelf.shop.done(ChangePrice(variant_id=variant_id, currency="EUR", amount_minor=amount))
    await talk(shelf, f"Do you have a map? {HOSTILE}")
    visitor = Visitor(shelf)
    await requested(visitor, reason=HOSTILE)
    await visitor.client.aclose()
    customer = await register(shelf.shop, "lived-in@example.com")
    await shelf.shop.done(OpenTicket(subject=HOSTILE[:150], text=HOSTILE, customer_id=customer.customer_id))
    await dead_job(shelf)
    await dead_effect(shelf)


async def _text(owner: Colleague, address: str) -> str | None:
    page = await owner.get(address)
    return page.response.text if page.status == 200 else None
