"""Taking over how far a payment has come: the payment, the ledger, its order and the promised stock together."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from bottega.actions.action import Action
from bottega.actions.registry import handles
from bottega.actions.work import Work
from bottega.kernel.errors import Invalid
from bottega.kernel.identifiers import PaymentId
from bottega.platform.database.pool import Row
from bottega.shop.flows.instrument_change import conclude_instrument_change
from bottega.shop.orders.actions import lock_order
from bottega.shop.payments.actions import captured_movements, is_news
from bottega.shop.payments.errors import more_than_asked, no_such_payment
from bottega.shop.payments.ledger import rows_of


class RecordPaymentState(Action):
    """Takes over what a gateway says of a payment; older and repeated reports change nothing."""

    groups: ClassVar[tuple[str, ...]] = ("system",)
    payment_id: PaymentId
    reference: Annotated[str, Field(max_length=200)]
    status: Literal["requires_action", "processing", "authorised", "captured", "declined", "voided"]
    authorised_minor: Annotated[int, Field(ge=0)]
    captured_minor: Annotated[int, Field(ge=0)]
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]
    decline_code: Annotated[str | None, Field(max_length=100)] = None


@handles(RecordPaymentState)
async def record_payment_state(action: RecordPaymentState, work: Work) -> dict[str, Any]:
    """Update the payment, the ledger, the order and its stock together."""
    payment = await lock_payment_with_order(work, action.payment_id)
    state = {
        "status": action.status,
        "reference": action.reference,
        "authorised_minor": max(action.authorised_minor, action.captured_minor, payment["authorised_minor"]),
        "captured_minor": max(action.captured_minor, payment["captured_minor"]),
        "decline_code": action.decline_code,
    }
    if action.currency != payment["currency"]:
        raise Invalid("currency_mismatch", f"Payment {payment['id']} is in {payment['currency']}.")
    if state["authorised_minor"] > payment["amount_minor"]:
        raise more_than_asked(payment["id"])
    if not is_news(payment, state):
        return {"payment_id": payment["id"], "status": payment["status"], "changed": False}
    order_status = await apply_state(work, payment, state)
    return {"payment_id": payment["id"], "status": action.status, "changed": True, "payment_status": order_status}


async def lock_payment_with_order(work: Work, payment_id: str) -> Row:
    """The payment, locked after its order, with the order's number, statuses and total beside it."""
    payment = await work.connection.fetchrow(
        "SELECT p.*, o.number, o.status AS order_status, o.payment_status, o.total_minor, o.amendments "
        "FROM shop.orders o JOIN shop.payments p ON p.order_id = o.id WHERE p.id = $1 FOR UPDATE OF o, p",
        payment_id,
    )
    if payment is None:
        raise no_such_payment(payment_id)
    return payment


async def apply_state(work: Work, payment: Row, state: dict[str, Any]) -> str:
    """Writes the new state of a payment locked with its order, and what follows from it; returns the payment status.

    An order that its payments cover is paid (or authorised), and its stock is promised for good. An order that had
    ended gives the money back, and so does one that is paid already: a payer may complete an old attempt as well.
    """
    order_id = payment["order_id"]
    captured_minor = state["captured_minor"] - payment["captured_minor"]
    row = await work.connection.fetchrow(
        _APPLY,
        order_id,
        work.now,
        payment["id"],
        state["status"],
        state["authorised_minor"],
        state["captured_minor"],
        state["reference"] or None,
        state["decline_code"],
        rows_of(work, *captured_movements(payment, captured_minor)),
    )
    assert row is not None, "the order of a payment exists"
    work.loaded.pop(order_id, None)
    await _follow_up(work, payment, state, row["after"], row["excess"])
    return row["after"]


async def _follow_up(work: Work, payment: Row, state: dict[str, Any], after: str, excess_minor: int) -> None:
    order_id, before = payment["order_id"], payment["payment_status"]
    if payment["order_status"] == "cancelled":
        is_owed_back = state["status"] in ("requires_action", "processing", "authorised", "captured")
    elif before == "awaiting" and after != before:
        await _confirm(work, order_id, payment["amendments"])
        is_owed_back = excess_minor > 0
    else:
        replaces_another = await conclude_instrument_change(work, order_id, payment["id"], state["status"])
        is_owed_back = excess_minor > 0 and not replaces_another
    if is_owed_back:
        await work.enqueue("payments.give_back", {"order_id": order_id, "payment_id": payment["id"]}, key=payment["id"])


async def settle_order(work: Work, order_id: str) -> str:
    """Brings a locked order's payment status up to its payments, after one of them paid at once; returns it."""
    order = await lock_order(work, order_id)
    before = order["payment_status"]
    after: str = await work.connection.fetchval(_SETTLE, order_id, work.now)
    work.loaded.pop(order_id, None)
    if before == "awaiting" and after != before:
        await _confirm(work, order_id, order["amendments"])
    return after


async def _confirm(work: Work, order_id: str, amendments: int) -> None:
    """Tells the customer once; an order that was amended to cost more is paid a second time."""
    key = f"mail.order_placed:{order_id}"
    if amendments == 0 or not await work.intends(key):
        await work.intend("mail.order_placed", {"order_id": order_id}, key=key)


# What the payments of an order make of its payment status. They change under the order's lock only, which is held, so
# this statement's snapshot sees all of them; the payment that this same statement changes is given by its new values.
_STANDING = """
standing AS (
    SELECT o.id, o.payment_status AS before,
           CASE WHEN o.status = 'cancelled' OR o.payment_status NOT IN ('awaiting', 'authorised') THEN o.payment_status
                WHEN sums.captured >= o.total_minor THEN 'paid'
                WHEN sums.secured >= o.total_minor THEN 'authorised'
                ELSE o.payment_status END AS after,
           (sums.captured - o.total_minor)::bigint AS excess
    FROM shop.orders o, (
        SELECT coalesce(sum(captured_minor - refunded_minor), 0) AS captured,
               coalesce(sum(CASE status WHEN 'captured' THEN captured_minor WHEN 'authorised' THEN authorised_minor
                            ELSE refunded_minor END - refunded_minor), 0) AS secured
        FROM ({payments}) AS p) AS sums
    WHERE o.id = $1
), accepted AS (
    UPDATE shop.reservations r SET expires_at = NULL FROM standing
    WHERE standing.before = 'awaiting' AND standing.after <> standing.before
      AND r.order_id = $1 AND r.expires_at IS NOT NULL AND r.shipped + r.released < r.quantity
), settled AS (
    UPDATE shop.orders o SET payment_status = standing.after, version = version + 1, updated_at = $2 FROM standing
    WHERE o.id = standing.id AND standing.after <> standing.before
)
SELECT after, excess FROM standing"""

_SETTLE = "WITH " + _STANDING.format(
    payments="SELECT status, authorised_minor, captured_minor, refunded_minor FROM shop.payments WHERE order_id = $1"
)

_APPLY = """
WITH progressed AS (
    UPDATE shop.payments SET status = $4, authorised_minor = $5, captured_minor = $6,
        gateway_reference = coalesce($7, gateway_reference), decline_code = $8, updated_at = $2
    WHERE id = $3
), posted AS (
    INSERT INTO shop.ledger_postings SELECT * FROM jsonb_populate_recordset(NULL::shop.ledger_postings, $9::jsonb)
), """ + _STANDING.format(
    payments="""
            SELECT status, authorised_minor, captured_minor, refunded_minor
            FROM shop.payments WHERE order_id = $1 AND id <> $3
            UNION ALL SELECT $4, $5, $6, refunded_minor FROM shop.payments WHERE id = $3"""
)
