"""The changes of customers."""

from bottega.actions.work import Work


async def ensure_buyer(work: Work, customer_id: str, email_ref: str | None) -> None:
    """A guest who orders for the first time becomes a customer of kind guest; anybody else is known already."""
    await work.connection.execute(
        "INSERT INTO shop.customers (id, kind, email_ref, created_at) VALUES ($1, 'guest', $2, $3) "
        "ON CONFLICT (id) DO NOTHING",
        customer_id,
        email_ref,
        work.now,
    )
