"""Taking the money when goods leave, for payments that were only authorised at checkout."""

from bottega.actions.work import Work
from bottega.platform.database.pool import Row

CAPTURE = "payment.capture"


async def capture_for_shipment(work: Work, order: Row, shipment_id: str, *, everything: bool) -> None:
    """Captures authorised payments in full with the first parcel that leaves.

    A gateway captures a payment once, so parts cannot be taken parcel by parcel; the first shipment takes all, and
    what is later not delivered is refunded.
    """
    if order["payment_status"] != "authorised":
        return
    payments = await work.connection.fetch(
        "SELECT * FROM shop.payments WHERE order_id = $1 AND status = 'authorised' ORDER BY id FOR UPDATE", order["id"]
    )
    for payment in payments:
        await work.intend(
            CAPTURE,
            {
                "payment_id": payment["id"],
                "gateway": payment["gateway"],
                "reference": payment["gateway_reference"],
                "amount_minor": payment["authorised_minor"],
                "currency": payment["currency"],
                "shipment_id": shipment_id,
                "everything": everything,
            },
            key=f"capture:{payment['id']}",
        )
