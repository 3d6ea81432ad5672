"""All invariants that SQL can check (I1 to I19): of shop, log and agents together, for operators and for proofs."""

from collections.abc import Sequence

from bottega.actions.invariants import Checked, Invariant, check, log_invariants
from bottega.platform.database.pool import Connection, Database
from bottega.runtime.invariants import agent_invariants
from bottega.shop.invariants import commerce_invariants
from bottega.shop.orders.model import TRANSITIONS, legal_transitions


async def check_invariants(database: Database) -> list[Checked]:
    """Every invariant with what violates it, in one snapshot."""
    async with database.read_snapshot() as connection:
        return await checked_on(connection)


async def checked_on(connection: Connection) -> list[Checked]:
    """The same, on a connection of the caller's."""
    return await check(connection, await all_invariants(connection))


async def all_invariants(connection: Connection) -> list[Invariant]:
    """By name; what shop, log and agents say under one name is one invariant."""
    legal = {column: legal_transitions(column) for column in TRANSITIONS}
    return _merged([*commerce_invariants(legal), *await log_invariants(connection), *agent_invariants()])


def _merged(invariants: Sequence[Invariant]) -> list[Invariant]:
    merged: dict[str, Invariant] = {}
    for invariant in invariants:
        known = merged.get(invariant.name)
        queries = invariant.queries if known is None else (*known.queries, *invariant.queries)
        description = invariant.description if known is None else known.description
        merged[invariant.name] = Invariant(invariant.name, description, queries)
    return sorted(merged.values(), key=lambda invariant: int(invariant.name[1:]))
