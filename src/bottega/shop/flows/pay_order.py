"""Paying an order, and what a payment's progress does to the order and its promised stock."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from bottega.actions.action import Action
from bottega.actions.registry import Facts, handles
from bottega.actions.work import Work
from bottega.kernel.errors import Conflict, Invalid
from bottega.kernel.identifiers import InstrumentId, OrderId, PaymentId
from bottega.platform.database.pool import Row
from bottega.shop import shop_settings
from bottega.shop.orders.actions import change_status, lock_order
from bottega.shop.orders.errors import not_open
from bottega.shop.payments.actions import apply_state, is_news, open_payment, redeem_gift_card
from bottega.shop.payments.errors import more_than_due, no_such_instrument, no_such_payment, nothing_due
from bottega.shop.payments.model import BANK_TRANSFER, COUNTED
from bottega.shop.stock.actions import accept_reservations

AmountMinor = Annotated[int, Field(ge=1, le=1_000_000_000_000)]
Token = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9_.:-]+$")]


class PayOrder(Action):
    """Pays an order, or part of it; several instruments may share one order."""

    groups: ClassVar[tuple[str, ...]] = ("own", "orders", "payments", "money")
    order_id: OrderId
    method: Literal["card", "stored", "gift_card", "bank_transfer"]
    gateway: Annotated[str, Field(pattern="^[a-z_]{1,20}$")] | None = None
    token: Token | None = None
    instrument_id: InstrumentId | None = None
    gift_card_code_digest: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None
    amount_minor: AmountMinor | None = None

    @model_validator(mode="after")
    def _has_its_instrument(self) -> "PayOrder":
        needed = {"card": self.token and self.gateway, "stored": self.instrument_id}
        if self.method in needed and not needed[self.method]:
            raise ValueError(f"{self.method} needs its token and gateway, or instrument_id")
        if self.method == "gift_card" and not (self.gift_card_code_digest or self.instrument_id):
            raise ValueError("gift_card needs its code or instrument_id")
        return self


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


_DUE = """
SELECT $2::bigint - coalesce(sum(amount_minor - refunded_minor), 0)::bigint
FROM shop.payments WHERE order_id = $1 AND status = ANY($3::text[])"""


async def pay_order_facts(action: PayOrder, work: Work) -> Facts:
    """Ownership of the order, and how much of it is left to pay."""
    order = await lock_order(work, action.order_id)
    due = await work.connection.fetchval(_DUE, order["id"], order["total_minor"], list(COUNTED))
    settings = await shop_settings.current(work.connection)
    work.loaded["due"] = due
    return {
        "own": order["customer_id"] == work.actor.customer_id,
        "amount_minor": action.amount_minor or max(0, due),
        "total_minor": action.amount_minor or max(0, due),
        "currency": order["currency"],
        "spend_limit_minor": settings.agent_spend_limit_minor,
        "agents_stopped": settings.agents_stopped,
    }


def payment_at_stake(_: PayOrder, facts: Facts) -> tuple[int, str]:
    """What is paid."""
    return int(str(facts["amount_minor"])), str(facts["currency"])


@handles(PayOrder, facts=pay_order_facts, at_stake=payment_at_stake)
async def pay_order(action: PayOrder, work: Work) -> dict[str, Any]:
    """Open a payment for what is due; a gift card pays at once, a gateway is called after the commit."""
    order, due = await lock_order(work, action.order_id), work.loaded["due"]
    if order["status"] not in ("open", "held"):
        raise not_open(order["number"], order["status"])
    if due <= 0:
        raise nothing_due(order["number"])
    if action.amount_minor is not None and action.amount_minor > due:
        raise more_than_due(order["number"], due)
    amount = action.amount_minor or due
    settings = await shop_settings.current(work.connection)
    match action.method:
        case "card":
            assert action.gateway is not None, "checked by the action"
            payment_id = await open_payment(
                work,
                order,
                amount,
                gateway=action.gateway,
                kind="card",
                capture_mode=settings.capture_mode,
                token=action.token,
            )
        case "bank_transfer":
            payment_id = await open_payment(
                work, order, amount, gateway=BANK_TRANSFER, kind="bank_transfer", capture_mode="automatic"
            )
            await _wait_for_transfer(work, order["id"], settings.bank_transfer_days)
        case "gift_card" | "stored":
            payment_id = await _pay_from_own(action, work, order, amount, due, settings.capture_mode)
    return {"order_id": order["id"], "payment_id": payment_id, "amount_minor": amount, "currency": order["currency"]}


async def _pay_from_own(action: PayOrder, work: Work, order: Row, amount: int, due: int, capture_mode: str) -> str:
    """A stored instrument of the order's customer, or a gift card by code."""
    instrument: Row | None = None
    if action.instrument_id is not None:
        instrument = await work.connection.fetchrow(
            "SELECT * FROM shop.instruments WHERE id = $1 AND customer_id = $2 AND active",
            action.instrument_id,
            order["customer_id"],
        )
        if instrument is None:
            raise no_such_instrument()
        if instrument["gift_card_id"] is None:
            return await open_payment(
                work,
                order,
                amount,
                gateway=instrument["gateway"],
                kind=instrument["kind"],
                capture_mode=capture_mode,
                token=instrument["token"],
                instrument_id=instrument["id"],
            )
    digest = action.gift_card_code_digest
    gift_card = await work.connection.fetchrow(
        "SELECT * FROM shop.gift_cards WHERE id = $1 OR code_digest = $2 FOR UPDATE",
        None if instrument is None else instrument["gift_card_id"],
        None if digest is None else bytes.fromhex(digest),
    )
    payment_id = await redeem_gift_card(work, order, gift_card, action.amount_minor, due)
    await settle_order(work, order["id"])
    return payment_id


async def _wait_for_transfer(work: Work, order_id: str, days: int) -> None:
    await work.connection.execute(
        "WITH kept AS (UPDATE shop.reservations SET expires_at = $2::timestamptz + make_interval(days => $3) "
        "WHERE order_id = $1 AND expires_at IS NOT NULL) "
        "UPDATE shop.orders SET payment_due_at = $2::timestamptz + make_interval(days => $3), version = version + 1, "
        "updated_at = $2 WHERE id = $1",
        order_id,
        work.now,
        days,
    )
    work.loaded.pop(order_id, None)


@handles(RecordPaymentState)
async def record_payment_state(action: RecordPaymentState, work: Work) -> dict[str, Any]:
    """Update the payment, the ledger, the order and its stock together."""
    payment = await locked_payment(work, action.payment_id)
    state = {
        "status": action.status,
        "reference": action.reference,
        "authorised_minor": action.authorised_minor,
        "captured_minor": action.captured_minor,
        "decline_code": action.decline_code,
    }
    if action.currency != payment["currency"]:
        raise Invalid("currency_mismatch", f"Payment {payment['id']} is in {payment['currency']}.")
    if max(action.authorised_minor, action.captured_minor) > payment["amount_minor"]:
        raise Conflict("more_than_asked", f"The gateway reports more than payment {payment['id']} asked for.")
    if not is_news(payment, state):
        return {"payment_id": payment["id"], "status": payment["status"], "changed": False}
    await apply_state(work, payment, state)
    order_status = await settle_order(work, payment["order_id"])
    return {"payment_id": payment["id"], "status": action.status, "changed": True, "payment_status": order_status}


async def locked_payment(work: Work, payment_id: str) -> Row:
    """The payment, locked after its order, which is kept in `work.loaded`."""
    order = await work.connection.fetchrow(
        "SELECT o.* FROM shop.orders o JOIN shop.payments p ON p.order_id = o.id WHERE p.id = $1 FOR UPDATE OF o",
        payment_id,
    )
    if order is None:
        raise no_such_payment(payment_id)
    work.loaded[order["id"]] = order
    payment = await work.connection.fetchrow("SELECT * FROM shop.payments WHERE id = $1 FOR UPDATE", payment_id)
    assert payment is not None, "payments are never deleted"
    return payment


_PAID = """
SELECT coalesce(sum(captured_minor - refunded_minor), 0)::bigint AS captured,
       coalesce(sum(CASE WHEN status IN ('authorised', 'captured') THEN greatest(authorised_minor, captured_minor)
                    - refunded_minor ELSE 0 END), 0)::bigint AS secured
FROM shop.payments WHERE order_id = $1"""


async def settle_order(work: Work, order_id: str) -> str:
    """Brings the order's payment status up to its payments; secured orders keep their stock. Returns the status."""
    order = await lock_order(work, order_id)
    paid = await work.connection.fetchrow(_PAID, order_id)
    assert paid is not None, "an aggregate always has a row"
    before: str = order["payment_status"]
    if order["status"] == "cancelled":
        await work.enqueue("payments.give_back", {"order_id": order_id}, key=order_id)
        return before
    if before not in ("awaiting", "authorised"):
        return before
    if paid["captured"] >= order["total_minor"]:
        after = "paid"
    elif paid["secured"] >= order["total_minor"]:
        after = "authorised"
    else:
        return before
    await change_status(work, order, payment_status=after)
    if before == "awaiting":
        await accept_reservations(work, order_id)
        await work.intend("mail.order_placed", {"order_id": order_id}, key=f"mail.order_placed:{order_id}")
    return after
