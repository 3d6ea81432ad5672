"""Checking I1 to I15 over the whole database."""

from bottega.actions.invariants import Checked, check, log_invariants
from bottega.platform.database.pool import Connection, Database
from bottega.shop.invariants import commerce_invariants
from bottega.shop.orders.model import TRANSITIONS, legal_transitions


async def check_invariants(database: Database) -> list[Checked]:
    """Every invariant with what violates it, in one snapshot."""
    async with database.read_snapshot() as connection:
        return await checked_on(connection)


async def checked_on(connection: Connection) -> list[Checked]:
    """The same, on a connection of the caller's."""
    legal = {column: legal_transitions(column) for column in TRANSITIONS}
    return await check(connection, [*commerce_invariants(legal), *await log_invariants(connection)])
