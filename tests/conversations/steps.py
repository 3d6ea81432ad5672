"""What happens in the shop around a scripted conversation, done by the actions of any other order."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import asyncpg

from bottega.actions.action import Action
from bottega.actions.actor import Actor
from bottega.bootstrap import Application
from bottega.demo_shop import content
from bottega.kernel.address import Address
from bottega.shop.carts.actions import AddCartLine, ChooseShipping, CreateCart, SetCartContact, SetCoupon
from bottega.shop.customers.actions import AddInstrument
from bottega.shop.flows.pay_order import PayOrder
from bottega.shop.flows.place_order import PlaceOrder
from bottega.shop.flows.return_handling import ApproveReturn, CompleteReturn, InspectedLine, ReceiveReturn
from bottega.shop.flows.return_order import RequestReturn, ReturnedLine
from bottega.shop.flows.ship_order import EndShipment, ShipOrder
from bottega.shop.payments.codes import digest_of_code
from bottega.shop.payments.gift_cards import IssueGiftCard
from bottega.shop.stock.actions import AdjustStock
from tests.conversations.form import (
    CartStep,
    DeliverStep,
    GiftCardStep,
    OrderStep,
    ReturnStep,
    SoldOutStep,
    StoredCardStep,
    filled,
)
from tests.shop_fixtures import OWNER, MovableClock

CARRIER = "Corriere Alpino"
CARD = "sandbox_card_success"


class Doer:
    """Does steps as whoever would: the customer, the warehouse, the owner."""

    def __init__(self, application: Application, clock: MovableClock, connection: asyncpg.Connection) -> None:
        self._application = application
        self._clock = clock
        self._connection = connection

    async def order(self, step: OrderStep, customer_id: str) -> dict[str, str]:
        """Placed, paid, sent and delivered on the days that the step names."""
        by = Actor("customer", customer_id, "customer")
        self._at(step.days_ago)
        cart_id = await self._cart(step.lines, by)
        email = await self._email(customer_id)
        address = _address(email, step.address)
        contact = SetCartContact(cart_id=cart_id, email=email, shipping_address=address, country=address.country)
        await self._done(contact, by)
        method = await self._method(step.shipping)
        await self._done(ChooseShipping(cart_id=cart_id, shipping_method_id=method), by)
        if step.coupon:
            await self._done(SetCoupon(cart_id=cart_id, coupon_code=step.coupon), by)
        placed = await self._done(PlaceOrder(cart_id=cart_id), by)
        if step.state != "awaiting_payment":
            await self._pay(placed["order_id"], by)
        if step.state in ("shipped", "delivered"):
            sent = await self._ship(placed["order_id"], placed["number"])
            if step.state == "delivered":
                self._at(step.delivered_days_ago or 0)
                await self._done(EndShipment(shipment_id=sent["shipment_id"]))
        self._at(0)
        return {step.name: placed["number"]}

    async def send_back(self, step: ReturnStep, customer_id: str, names: Mapping[str, str]) -> dict[str, str]:
        """A return, up to the state that the step names."""
        by = Actor("customer", customer_id, "customer")
        order_id = await self._order_id(filled(step.order, dict(names)))
        reason = step.reason.replace("_", " ")
        lines = [
            ReturnedLine(line_id=await self._line(order_id, line.sku), quantity=line.quantity, reason=reason)
            for line in step.lines
        ]
        made = await self._done(RequestReturn(order_id=order_id, lines=tuple(lines)), by)
        if step.state in ("approved", "received", "completed"):
            await self._done(ApproveReturn(return_id=made["return_id"]))
        if step.state in ("received", "completed"):
            received = tuple(
                InspectedLine(return_line_id=return_line, received=line.quantity, condition="as_new")
                for return_line, line in zip(made["return_line_ids"], step.lines, strict=True)
            )
            await self._done(ReceiveReturn(return_id=made["return_id"], lines=received))
        if step.state == "completed":
            await self._done(CompleteReturn(return_id=made["return_id"]))
        return {step.name: made["number"]}

    async def store_card(self, step: StoredCardStep, customer_id: str) -> None:
        """A card that the sandbox keeps."""
        action = AddInstrument(
            customer_id=customer_id,
            kind="card",
            gateway="sandbox",
            token=f"{CARD}:{step.last_four}",
            brand=step.brand,
            last_four=step.last_four,
        )
        await self._done(action, Actor("customer", customer_id, "customer"))

    async def issue_gift_card(self, step: GiftCardStep) -> None:
        """A gift card with that code."""
        digest = digest_of_code(self._application.performer.lookup_key, step.code)
        await self._done(
            IssueGiftCard(amount_minor=step.amount_minor, code_digest=digest, reason="Bought at the counter")
        )

    async def fill_cart(self, step: CartStep, customer_id: str) -> None:
        """Lines in the customer's open cart."""
        await self._cart(step.lines, Actor("customer", customer_id, "customer"))

    async def sell_out(self, step: SoldOutStep) -> None:
        """The last units go at every location."""
        rows = await self._connection.fetch(
            "SELECT s.location_id, s.variant_id, s.on_hand - s.reserved AS free FROM shop.stock_levels s "
            "JOIN shop.variants v ON v.id = s.variant_id WHERE v.sku = $1 AND s.on_hand > s.reserved",
            step.sku,
        )
        for row in rows:
            action = AdjustStock(
                location_id=row["location_id"], variant_id=row["variant_id"], change=-row["free"], reason="sold"
            )
            await self._done(action)

    async def pay_newest(self, customer_id: str) -> None:
        """The payment page, with a card that works."""
        order_id = await self._connection.fetchval(
            "SELECT id FROM shop.orders WHERE customer_id = $1 AND payment_status = 'awaiting' "
            "ORDER BY id DESC LIMIT 1",
            customer_id,
        )
        if order_id is not None:
            await self._pay(order_id, Actor("customer", customer_id, "customer"))

    async def deliver(self, step: DeliverStep, names: Mapping[str, str]) -> None:
        """The warehouse sends it, and perhaps the carrier brings it."""
        number = filled(step.order, dict(names))
        sent = await self._ship(await self._order_id(number), number)
        if step.arrived:
            await self._done(EndShipment(shipment_id=sent["shipment_id"]))

    async def _cart(self, lines: Any, by: Actor) -> str:
        cart_id = (await self._done(CreateCart(customer_id=by.id), by))["cart_id"]
        for line in lines:
            variant = await self._connection.fetchval("SELECT id FROM shop.variants WHERE sku = $1", line.sku)
            await self._done(AddCartLine(cart_id=cart_id, variant_id=variant, quantity=line.quantity), by)
        return cart_id

    async def _pay(self, order_id: str, by: Actor) -> None:
        await self._done(PayOrder(order_id=order_id, method="card", gateway="sandbox", token=CARD), by)

    async def _ship(self, order_id: str, number: str) -> dict[str, Any]:
        tracking = f"CA-{number.rpartition('-')[2]}"
        return await self._done(ShipOrder(order_id=order_id, carrier=CARRIER, tracking_number=tracking))

    async def _done(self, action: Action, by: Actor = OWNER) -> dict[str, Any]:
        """The result, with everything that follows from it at other companies."""
        outcome = await self._application.performer.perform(action, by=by)
        result = outcome.unwrap()
        await self._application.effects.drive_all_claimed(outcome)
        while await self._application.effects.drive_due():
            pass
        return result

    def _at(self, days_ago: int) -> None:
        self._clock.offset = timedelta(days=-days_ago)

    async def _email(self, customer_id: str) -> str:
        return await self._connection.fetchval(
            "SELECT vault.reveal(email_ref) FROM shop.customers WHERE id = $1", customer_id
        )

    async def _method(self, code: str) -> str:
        method = next(one for one in content.read("shipping.json")["methods"] if one["code"] == code)
        zone = next(one for one in content.read("shipping.json")["zones"] if one["code"] == method["zone"])
        return await self._connection.fetchval(
            "SELECT m.id FROM shop.shipping_methods m JOIN shop.shipping_zones z ON z.id = m.zone_id "
            "WHERE m.name = $1 AND z.name = $2",
            method["name"],
            zone["name"],
        )

    async def _order_id(self, number: str) -> str:
        return await self._connection.fetchval("SELECT id FROM shop.orders WHERE number = $1", number)

    async def _line(self, order_id: str, sku: str) -> str:
        return await self._connection.fetchval(
            "SELECT id FROM shop.order_lines WHERE order_id = $1 AND sku = $2", order_id, sku
        )


def _address(email: str, label: str) -> Address:
    customer = next(one for one in content.read("customers.json")["customers"] if one["email"] == email)
    return next(Address.model_validate(one["address"]) for one in customer["addresses"] if one["label"] == label)
