"""Paying an order, and what a payment's progress does to the order and its promised stock."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from bottega.actions.action import Action
from bottega.actions.registry import Facts, handles
from bottega.actions.work import Work
from bottega.kernel.identifiers import InstrumentId, OrderId
from bottega.platform.database.pool import Row
from bottega.shop import shop_settings
from bottega.shop.flows.payment_progress import settle_order
from bottega.shop.orders.actions import lock_order
from bottega.shop.orders.errors import not_open
from bottega.shop.payments.actions import open_payment, redeem_gift_card
from bottega.shop.payments.errors import more_than_due, no_such_instrument, nothing_due
from bottega.shop.payments.model import BANK_TRANSFER, COUNTED, OWN_GATEWAYS

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
        if self.gateway in OWN_GATEWAYS:
            raise ValueError(f"{self.gateway} is no gateway that takes cards")
        return self


_DUE = """
SELECT $2::bigint - coalesce(sum(
    CASE status WHEN 'captured' THEN captured_minor ELSE amount_minor END - refunded_minor), 0)::bigint
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
    if due <= 0 or order["payment_status"] != "awaiting":
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
