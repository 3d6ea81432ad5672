"""Tools that order and pay: each asks for one yes that names goods, total, destination and what pays."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from bottega.actions.effects import EffectDriver
from bottega.actions.preview import Preview
from bottega.agents.tools import wording
from bottega.agents.tools.cart_records import needed_cart_id
from bottega.agents.tools.change_tool import ChangeTool, Summary
from bottega.agents.tools.labels import ORDER
from bottega.agents.tools.order_records import order_shown
from bottega.agents.tools.payment_page import PaymentPages
from bottega.kernel.errors import Invalid
from bottega.kernel.identifiers import InstrumentId, OrderId
from bottega.platform.database.pool import Connection
from bottega.runtime.context import RunContext
from bottega.runtime.evidence import Json
from bottega.runtime.tool import Tool
from bottega.runtime.tools import query_tool
from bottega.shop.carts.queries import get_cart
from bottega.shop.flows.cart_total import cart_total
from bottega.shop.flows.check_out import CheckOut, PaidWith
from bottega.shop.flows.pay_order import PayOrder
from bottega.shop.orders.queries import get_order
from bottega.shop.payments.codes import digest_of_code
from bottega.shop.payments.errors import no_such_instrument
from bottega.shop.payments.gift_cards import GiftCard, gift_card_of_code

GiftCardCode = Annotated[
    str,
    Field(min_length=4, max_length=60, pattern="^[A-Za-z0-9 -]+$", description="The code printed on the gift card."),
]
ChargedWith = Literal["stored", "gift_card", "bank_transfer"]


class OrderingTools:
    """Ordering what is in the cart, and paying what was ordered. Card numbers are typed on the payment page alone."""

    def __init__(self, effects: EffectDriver, pages: PaymentPages) -> None:
        self._effects = effects
        self._pages = pages

    def all(self, nouns: Mapping[str, str]) -> tuple[Tool, ...]:
        """The tools, in the order in which they are offered."""
        return (
            ChangeTool(
                self.create_order,
                self._effects,
                self._read_back,
                nouns=nouns,
                summarise=self._order_summary,
                accomplishes=frozenset({"ordered", "placed", "paid", "bought", "purchased", "charged", "confirmed"}),
                labels=ORDER,
            ),
            ChangeTool(
                self.process_payment,
                self._effects,
                self._read_back,
                nouns=nouns,
                summarise=self._payment_summary,
                accomplishes=frozenset({"paid", "charged", "settled"}),
                labels=ORDER,
            ),
            query_tool(self.payment_page, nouns=nouns, labels=ORDER),
            query_tool(self.gift_card_balance, nouns=nouns, opens_by_knowing=True),
        )

    async def create_order(
        self,
        context: RunContext,
        *,
        pay_with: PaidWith = "payment_page",
        instrument_id: InstrumentId | None = None,
        gift_card_code: GiftCardCode | None = None,
    ) -> CheckOut:
        """Orders what is in the cart and pays for it with a stored instrument, a gift card or by bank transfer.

        Cards that are not stored are typed on the payment page, whose address comes with the order. The cart needs
        e-mail, address and shipping method first.
        """
        async with context.read() as connection:
            cart_id = await needed_cart_id(connection, context.customer_id, context.now)
            total = await cart_total(connection, context.actor, cart_id, context.now)
        return CheckOut(
            cart_id=cart_id,
            expected_total_minor=total.total_minor,
            method=pay_with,
            instrument_id=_needed(instrument_id, pay_with),
            gift_card_code_digest=_digest(context, gift_card_code),
        )

    async def process_payment(
        self,
        context: RunContext,
        *,
        order_id: OrderId,
        method: ChargedWith,
        instrument_id: InstrumentId | None = None,
        gift_card_code: GiftCardCode | None = None,
    ) -> PayOrder:
        """Pays what is left of an order with a stored instrument, a gift card or by bank transfer.

        For any other card give the customer the payment page.
        """
        return PayOrder(
            order_id=order_id,
            method=method,
            instrument_id=_needed(instrument_id, method),
            gift_card_code_digest=_digest(context, gift_card_code),
        )

    async def payment_page(self, context: RunContext, *, order_id: OrderId) -> dict[str, Json]:
        """The page of the shop on which an order can be paid by card; nothing is paid by looking at it."""
        async with context.read() as connection:
            shown = await order_shown(connection, context.actor, order_id, context.now, self._pages)
        kept = ("id", "number", "status", "payment_status", "total_minor", "currency", "payments", "payment_page")
        return {name: shown[name] for name in kept}

    async def gift_card_balance(self, context: RunContext, *, gift_card_code: GiftCardCode) -> GiftCard:
        """What is left on a gift card, for whoever has its code."""
        digest = _digest(context, gift_card_code)
        assert digest is not None, "the code was given"
        async with context.read() as connection:
            return await gift_card_of_code(connection, digest)

    async def _read_back(self, context: RunContext, result: Mapping[str, Json]) -> dict[str, Json]:
        async with context.read() as connection:
            return await order_shown(connection, context.actor, str(result["order_id"]), context.now, self._pages)

    async def _order_summary(self, context: RunContext, action: CheckOut, tried: Preview) -> Summary:
        async with context.read() as connection:
            cart = await get_cart(connection, context.actor, action.cart_id, context.now)
            total = await cart_total(connection, context.actor, action.cart_id, context.now)
            paid = await self._paid_with(connection, context, action)
        goods = wording.lines(line.model_dump() for line in cart.lines)
        method = next(m for m in total.shipping_methods if m["shipping_method_id"] == cart.shipping_method_id)
        assert cart.shipping_address is not None, "an order that can be placed has an address"
        where = "for" if method["kind"] == "collection" else "to"
        coupon = f", coupon {cart.coupon_code} included" if cart.coupon_code and not total.coupon_refused else ""
        amount = wording.money(total.total_minor, total.currency)
        left = _left(tried)
        rest = f", the remaining {wording.money(left, total.currency)} on the payment page" if left else ""
        text = (
            f"Order {goods} for {amount} in all{coupon}? {method['name']} {where} "
            f"{wording.address(cart.shipping_address)}; confirmation to {cart.email}. Paid {paid}{rest}."
        )
        return Summary(text, total.total_minor, total.currency)

    async def _payment_summary(self, context: RunContext, action: PayOrder, tried: Preview) -> Summary:
        assert tried.result is not None, "what is summed up is possible"
        amount, currency = tried.result["amount_minor"], tried.result["currency"]
        async with context.read() as connection:
            order = await get_order(connection, context.actor, action.order_id)
            paid = await self._paid_with(connection, context, action)
        return Summary(f"Pay {wording.money(amount, currency)} for order {order.number} {paid}?", amount, currency)

    async def _paid_with(self, connection: Connection, context: RunContext, action: CheckOut | PayOrder) -> str:
        if action.instrument_id is not None:
            row = await connection.fetchrow(_INSTRUMENT, action.instrument_id, context.customer_id)
            if row is None:
                raise no_such_instrument()
            return f"with {wording.instrument(dict(row))}"
        match action.method:
            case "gift_card":
                return "with the gift card"
            case "bank_transfer":
                return "by bank transfer"
            case _:
                return "by card on our payment page"


def _needed(instrument_id: str | None, method: str) -> str | None:
    if method == "stored" and instrument_id is None:
        raise Invalid(
            "instrument_missing",
            "Which stored instrument is to pay is missing.",
            next_step="Look at the account and name one of its instruments.",
        )
    return instrument_id if method in ("stored", "gift_card") else None


def _digest(context: RunContext, code: str | None) -> str | None:
    return None if code is None else digest_of_code(context.performer.lookup_key, code)


def _left(tried: Preview) -> int:
    """What a gift card leaves to be paid; a payment that is only begun leaves nothing."""
    result: Mapping[str, Any] = tried.result or {}
    return int(result.get("left_minor", 0)) if result.get("payment_id") else 0


_INSTRUMENT = "SELECT kind, brand, last_four FROM shop.instruments WHERE id = $1 AND customer_id = $2 AND active"
