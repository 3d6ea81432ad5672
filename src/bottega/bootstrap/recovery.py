"""Recovery: the shop as it stood at an earlier position, beside a provider that did not go back in time with it."""

from bottega.actions.replay import RestoreReport, Tell, restore
from bottega.connectors.sandbox.payment_store import TABLES


async def restore_shop(dsn: str, name: str, position: int, *, tell: Tell | None = None) -> RestoreReport:
    """`restore`, with the sandbox provider's books as they are today."""
    return await restore(dsn, name, position, carried=TABLES, tell=tell)
