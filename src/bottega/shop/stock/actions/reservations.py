"""Promising stock to orders: reserve, accept, release, and what expired."""

from collections.abc import Sequence
from datetime import datetime

from bottega.actions.work import Work
from bottega.shop.stock.allocation import Promise, Shelf, Shortage, Wanted, allocate
from bottega.shop.stock.errors import NoSuchVariant, NotReserved, OutOfStock
from bottega.shop.stock.model import Reservation


async def reserve(
    work: Work,
    order_id: str,
    lines: Sequence[tuple[str, str, int]],
    expires_at: datetime | None,
    *,
    first_location_id: str | None = None,
) -> list[Promise]:
    """Promises (line_id, variant_id, quantity) to an order until `expires_at`; all lines or none.

    `first_location_id` is where the goods are collected, if they are. Raises `OutOfStock` naming the first line
    that falls short. Locks the levels of these variants in order.
    """
    wanted = [Wanted(*line) for line in lines]
    rows = await work.connection.fetch(_LOCK_SHELVES, sorted({want.variant_id for want in wanted}))
    found = allocate(wanted, [Shelf(**row) for row in rows], first_location_id=first_location_id)
    if isinstance(found, Shortage):
        raise await _out_of_stock(work, found)
    await work.connection.execute(
        _RESERVE,
        [work.new_id("rsv") for _ in found],
        [promise.variant_id for promise in found],
        [promise.location_id for promise in found],
        [promise.line_id for promise in found],
        [promise.quantity for promise in found],
        order_id,
        expires_at,
        work.now,
    )
    return found


async def accept_reservations(work: Work, order_id: str) -> int:
    """The order is accepted: what it was promised no longer expires; returns how many reservations that are."""
    status = await work.connection.execute(
        "UPDATE shop.reservations SET expires_at = NULL "
        "WHERE order_id = $1 AND expires_at IS NOT NULL AND shipped + released < quantity",
        order_id,
    )
    return int(status.rpartition(" ")[2])


async def release(work: Work, order_id: str, lines: Sequence[tuple[str, int]] | None = None) -> int:
    """Gives back what an order was promised: all of it, or (line_id, quantity); returns the units.

    Backorders are given back before goods that lie ready. Raises `NotReserved` when a line has fewer units open.
    """
    shares = await locked_reservations(work, order_id)
    if lines is None:
        units = [(share, share.reservation.open) for share in shares]
    else:
        by_need = sorted(shares, key=lambda share: share.on_hand - share.reserved)
        units = take_from_lines(order_id, by_need, lines)
    return await _release(work, units)


async def release_expired(work: Work, limit: int = 200) -> list[str]:
    """Gives back reservations whose time is over; returns their orders, oldest first, at most `limit` of them."""
    rows = await work.connection.fetch(
        "SELECT DISTINCT order_id FROM shop.reservations "
        "WHERE expires_at <= $1 AND shipped + released < quantity ORDER BY order_id LIMIT $2",
        work.now,
        limit,
    )
    orders = [row["order_id"] for row in rows]
    if orders:
        shares = await _locked(work, _LOCK_RESERVATIONS + " AND r.expires_at <= $2" + _LOCK_ORDER, orders, work.now)
        await _release(work, [(share, share.reservation.open) for share in shares])
    return orders


class Share:
    """A locked reservation beside the level it was promised from, while units are taken from it."""

    __slots__ = ("on_hand", "reservation", "reserved", "taken")

    def __init__(self, reservation: Reservation, on_hand: int, reserved: int) -> None:
        self.reservation = reservation
        self.on_hand = on_hand
        self.reserved = reserved
        self.taken = 0

    @property
    def left(self) -> int:
        return self.reservation.open - self.taken


async def locked_reservations(work: Work, order_id: str) -> list[Share]:
    """The open reservations of an order, locked together with their levels in the shop's lock order."""
    return await _locked(work, _LOCK_RESERVATIONS + _LOCK_ORDER, [order_id])


def take_from_lines(
    order_id: str, shares: Sequence[Share], lines: Sequence[tuple[str, int]]
) -> list[tuple[Share, int]]:
    """Units of each share that make up the (line_id, quantity) asked for, in the order of the shares."""
    taken: list[tuple[Share, int]] = []
    for line_id, quantity in lines:
        wanted = quantity
        for share in shares:
            units = min(wanted, share.left) if share.reservation.line_id == line_id else 0
            if units > 0:
                share.taken += units
                wanted -= units
                taken.append((share, units))
        if wanted:
            raise NotReserved(order_id, line_id, quantity, quantity - wanted)
    return taken


async def _locked(work: Work, query: str, *arguments: object) -> list[Share]:
    rows = await work.connection.fetch(query, *arguments)
    return [
        Share(
            Reservation(**{name: value for name, value in row.items() if name not in ("on_hand", "reserved")}),
            row["on_hand"],
            row["reserved"],
        )
        for row in rows
    ]


async def _release(work: Work, units: Sequence[tuple[Share, int]]) -> int:
    if units:
        await work.connection.execute(
            _RELEASE, [share.reservation.id for share, _ in units], [quantity for _, quantity in units]
        )
    return sum(quantity for _, quantity in units)


async def _out_of_stock(work: Work, shortage: Shortage) -> OutOfStock | NoSuchVariant:
    sku: str | None = await work.connection.fetchval("SELECT sku FROM shop.variants WHERE id = $1", shortage.variant_id)
    if sku is None:
        return NoSuchVariant(shortage.variant_id)
    return OutOfStock(shortage.variant_id, sku, shortage.wanted, shortage.available)


# The rows are locked in the order of the sort, below which PostgreSQL puts no lock.
_LOCK_SHELVES = """
SELECT s.variant_id, s.location_id, l.priority, s.on_hand, s.reserved, s.backorder_limit
FROM shop.stock_levels s JOIN shop.locations l ON l.id = s.location_id
WHERE s.variant_id = ANY ($1::text[]) AND l.active
ORDER BY s.variant_id, s.location_id
FOR UPDATE OF s"""

_RESERVE = """
WITH promised AS (
    INSERT INTO shop.reservations
        (id, variant_id, location_id, order_id, line_id, quantity, expires_at, created_at)
    SELECT t.id, t.variant_id, t.location_id, $6, t.line_id, t.quantity, $7, $8
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::integer[])
         AS t (id, variant_id, location_id, line_id, quantity)
    RETURNING variant_id, location_id, quantity)
UPDATE shop.stock_levels s SET reserved = s.reserved + p.quantity
FROM (SELECT variant_id, location_id, sum(quantity)::integer AS quantity FROM promised GROUP BY 1, 2) AS p
WHERE s.variant_id = p.variant_id AND s.location_id = p.location_id"""

_LOCK_RESERVATIONS = """
SELECT r.*, s.on_hand, s.reserved
FROM shop.reservations r JOIN shop.stock_levels s USING (variant_id, location_id)
WHERE r.order_id = ANY ($1::text[]) AND r.shipped + r.released < r.quantity"""

_LOCK_ORDER = """
ORDER BY r.variant_id, r.location_id, r.id
FOR UPDATE OF s, r"""

_RELEASE = """
WITH given_back AS (
    UPDATE shop.reservations r SET released = r.released + t.quantity
    FROM (SELECT id, sum(quantity)::integer AS quantity
          FROM unnest($1::text[], $2::integer[]) AS u (id, quantity) GROUP BY id) AS t
    WHERE r.id = t.id
    RETURNING r.variant_id, r.location_id, t.quantity)
UPDATE shop.stock_levels s SET reserved = s.reserved - g.quantity
FROM (SELECT variant_id, location_id, sum(quantity)::integer AS quantity FROM given_back GROUP BY 1, 2) AS g
WHERE s.variant_id = g.variant_id AND s.location_id = g.location_id"""
