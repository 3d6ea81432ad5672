"""A shop at work: afterwards every invariant holds, its log verifies, and replaying it gives the same shop."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from bottega.actions.log.export import export_log
from bottega.actions.log.sealer import Sealer
from bottega.actions.log.verify import verify_log
from bottega.actions.log.verify_export import verify_export
from bottega.actions.replay import verify_replay
from bottega.bootstrap.background import anchor, signing_key
from bottega.bootstrap.invariants import check_invariants
from bottega.kernel.errors import Refusal
from bottega.shop.flows.cancel_order import CancelOrder
from bottega.shop.flows.refund_order import RefundOrder
from bottega.shop.flows.ship_order import EndShipment, ShipOrder
from tests.gateway.checkout import Buyer, bought, open_counter
from tests.shop_fixtures import OWNER, Shop


async def settle(shop: Shop) -> None:
    """Sends the payments' effects until none is left."""
    while due := await shop.fetch(
        "SELECT id FROM log.effects WHERE kind LIKE 'payment.%' AND state IN ('intended', 'sent', 'unknown')"
    ):
        for effect in due:
            await shop.application.effects.drive(effect["id"])


@asynccontextmanager
async def sealed(shop: Shop) -> AsyncGenerator[None]:
    """The log is sealed meanwhile, and to its end."""
    application = shop.application
    sealer = Sealer(application.database.dsn, signing_key(application), application.clock, anchor=anchor(application))
    stop = asyncio.Event()
    sealing = asyncio.create_task(sealer.run(stop))
    try:
        yield
        await sealer.seal_all()
    finally:
        stop.set()
        await sealing


async def trade(shop: Shop) -> None:
    """Orders shipped, cancelled, refunded and declined, and a race for the last jackets."""
    counter = await open_counter(shop, units=12)
    (_, shipped), (_, cancelled), (_, refunded) = [await bought(shop, counter) for _ in range(3)]
    declined = await Buyer.arrive(shop, counter)
    await declined.pay((await declined.order(jackets=1, stoves=0))["order_id"], card="declined")
    # Four more buyers than there are jackets left.
    last = await asyncio.gather(*(bought(shop, counter, jackets=1, stoves=0) for _ in range(9)), return_exceptions=True)
    assert sum(isinstance(outcome, tuple) for outcome in last) == 5
    assert all(isinstance(outcome, tuple | AssertionError | Refusal) for outcome in last)
    shipment = await shop.done(ShipOrder(order_id=shipped, carrier="Post"))
    await shop.done(EndShipment(shipment_id=shipment["shipment_id"]))
    await shop.done(CancelOrder(order_id=cancelled, reason="changed their mind"), by=OWNER)
    await shop.done(RefundOrder(order_id=refunded, amount_minor=1000, reason="scratched"))
    await settle(shop)


async def test_a_day_of_trade_leaves_everything_in_order(shop: Shop, tmp_path: Path) -> None:
    application = shop.application
    async with sealed(shop):
        await trade(shop)
    results = await check_invariants(application.database)
    assert [(found.name, found.violations) for found in results if found.violations] == []
    written = await shop.fetchval("SELECT count(*) FROM log.entries")
    keys = signing_key(application).public_keys
    verified = await verify_log(application.database, keys, anchor=anchor(application).read())
    assert (verified.findings, verified.entries, verified.unsealed) == ((), written, 0)
    path = tmp_path / "log.jsonl.gz"
    await export_log(application.database, path, signing_key(application), application.clock)
    exported = verify_export(path, public_keys=keys)
    assert (exported.finding, exported.entries) == (None, written)
    replayed = await verify_replay(application.database.dsn)
    assert (replayed.difference, replayed.entries) == (None, written)
