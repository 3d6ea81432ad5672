"""What tests of stock start from: locations, stocked variants, levels as tuples, and the invariants."""

from bottega.shop.stock.actions import CreateLocation, ReceiptLine, ReceiveStock
from tests.shop_fixtures import Shop


async def add_location(shop: Shop, handle: str, priority: int = 0) -> str:
    """A warehouse; returns its id."""
    created = await shop.done(CreateLocation(handle=handle, name=handle.title(), priority=priority))
    return created["location_id"]


async def receive(shop: Shop, variant_id: str, location_id: str, quantity: int) -> None:
    """A delivery of one variant."""
    lines = (ReceiptLine(variant_id=variant_id, quantity=quantity),)
    await shop.done(ReceiveStock(location_id=location_id, lines=lines))


async def level(shop: Shop, variant_id: str, location_id: str) -> tuple[int, int]:
    """(on hand, reserved)."""
    rows = await shop.fetch(
        "SELECT on_hand, reserved FROM shop.stock_levels WHERE variant_id = $1 AND location_id = $2",
        variant_id,
        location_id,
    )
    return rows[0]["on_hand"], rows[0]["reserved"]


async def assert_stock_invariants(shop: Shop) -> None:
    """I7 on hand is the sum of the movements, I8 reserved within stock and backorder, I9 units end once."""
    drift = await shop.fetch(
        "SELECT variant_id, location_id FROM shop.stock_levels s FULL JOIN "
        "(SELECT variant_id, location_id, sum(quantity) AS moved FROM shop.stock_movements GROUP BY 1, 2) m "
        "USING (variant_id, location_id) WHERE coalesce(s.on_hand, 0) <> coalesce(m.moved, 0)"
    )
    assert drift == []
    over = await shop.fetch(
        "SELECT variant_id FROM shop.stock_levels WHERE reserved > greatest(on_hand, 0) + backorder_limit"
    )
    assert over == []
    unexplained = await shop.fetch(
        "SELECT variant_id, location_id FROM shop.stock_levels s LEFT JOIN "
        "(SELECT variant_id, location_id, sum(quantity - shipped - released) AS open "
        " FROM shop.reservations GROUP BY 1, 2) r USING (variant_id, location_id) "
        "WHERE s.reserved <> coalesce(r.open, 0)"
    )
    assert unexplained == []
