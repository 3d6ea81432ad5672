"""Actions that policy holds, for the tests of approvals."""

from dataclasses import dataclass
from typing import Any

from bottega.actions.actor import Actor
from bottega.actions.outcome import Held
from bottega.kernel.identifiers import new_id
from bottega.shop.prices.actions import ChangePrice
from tests.web.shelf import BOOT_MINOR, Shelf

PRICING = Actor("agent", "agent_pricing", "pricing")
LABELS = {"/variant_id": "shop", "/amount_minor": "third_party"}


@dataclass(frozen=True)
class HeldCut:
    """A price cut that waits, of a boot that costs `BOOT_MINOR`."""

    approval_id: str
    variant_id: str
    shelf: Shelf

    async def price_minor(self) -> int:
        return await price_of(self.shelf, self.variant_id)

    async def row(self) -> dict[str, Any]:
        (found,) = await self.shelf.shop.fetch("SELECT * FROM log.approvals WHERE id = $1", self.approval_id)
        return found


async def held_cut(shelf: Shelf, by: Actor = PRICING) -> HeldCut:
    """Half the price, asked for by an agent that has read a third party's text; whatever it cost, it is full before."""
    variant_id = await shelf.variant("scree-boot", size="41")
    await full_price(shelf, variant_id)
    action = ChangePrice(variant_id=variant_id, currency="EUR", amount_minor=BOOT_MINOR // 2)
    outcome = await shelf.shop.application.performer.perform(
        action,
        by=by,
        key=new_id("req"),
        evidence=[{"tool": "change_price", "run_id": "run_01jd3gqz5t8m2n4p6r8s0v2x4z", "labels": LABELS}],
    )
    assert isinstance(outcome, Held), outcome
    return HeldCut(outcome.approval_id, variant_id, shelf)


async def price_of(shelf: Shelf, variant_id: str) -> int:
    return await shelf.shop.fetchval(
        "SELECT amount_minor FROM shop.prices WHERE variant_id = $1 AND currency = 'EUR'", variant_id
    )


async def full_price(shelf: Shelf, variant_id: str) -> None:
    """`BOOT_MINOR` again, in steps that wait for nobody."""
    while (price := await price_of(shelf, variant_id)) != BOOT_MINOR:
        amount = min(BOOT_MINOR, price * 13 // 10)
        await shelf.shop.done(ChangePrice(variant_id=variant_id, currency="EUR", amount_minor=amount))
