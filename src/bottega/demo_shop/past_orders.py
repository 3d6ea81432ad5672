"""Past orders of the demo shop, each lived through day by day with the actions of any other order."""

from typing import Any

from bottega.actions.actor import Actor
from bottega.demo_shop.loader import Loader
from bottega.kernel.address import Address
from bottega.shop.carts.actions import AddCartLine, ChooseShipping, CreateCart, SetCartContact, SetCoupon
from bottega.shop.flows.cancel_order import CancelOrder
from bottega.shop.flows.pay_order import PayOrder
from bottega.shop.flows.place_order import PlaceOrder
from bottega.shop.flows.ship_order import EndShipment, ShipOrder

CARRIER = "Corriere Alpino"
SHIPPED = {"delivered", "shipped", "returned", "exchanged", "refunded", "return_requested", "return_rejected"}


class PastOrders:
    """Places and lives through orders; `addresses` are by e-mail and label."""

    def __init__(self, loader: Loader, addresses: dict[tuple[str, str], Address]) -> None:
        self._loader = loader
        self._addresses = addresses

    async def load(self, order: dict[str, Any]) -> None:
        """One order, up to the state that its record names."""
        loader, reference = self._loader, order["reference"]
        loader.at(order["days_ago"])
        order_id = await self._place(order)
        if order["state"] == "awaiting_payment":
            return
        await self._pay(order, order_id)
        if order["state"] == "cancelled":
            reason = order["cancel_reason"] or "no longer needed"
            await loader.perform(f"{reference}:cancel", CancelOrder(order_id=order_id, reason=reason))
        elif order["state"] in SHIPPED:
            await self._send(order, order_id)

    async def _place(self, order: dict[str, Any]) -> str:
        loader, reference = self._loader, order["reference"]
        customer_id = loader.customer_id(order["customer"])
        by = Actor("customer", customer_id, "customer")
        made = await loader.perform(
            f"{reference}:cart", CreateCart(customer_id=customer_id, channel=order["channel"]), by
        )
        cart_id = made["cart_id"]
        for line in order["lines"]:
            variant_id = await loader.variant_id(line["sku"])
            action = AddCartLine(cart_id=cart_id, variant_id=variant_id, quantity=line["quantity"])
            await loader.perform(f"{reference}:line:{line['sku']}", action, by)
        address = self._addresses[order["customer"], order["address"]]
        contact = SetCartContact(
            cart_id=cart_id, email=order["customer"], shipping_address=address, country=address.country
        )
        await loader.perform(f"{reference}:contact", contact, by)
        method_id = loader.ids[f"method:{order['shipping_method']}"]
        await loader.perform(f"{reference}:shipping", ChooseShipping(cart_id=cart_id, shipping_method_id=method_id), by)
        if order["coupon"]:
            await loader.perform(f"{reference}:coupon", SetCoupon(cart_id=cart_id, coupon_code=order["coupon"]), by)
        placed = await loader.perform(f"{reference}:order", PlaceOrder(cart_id=cart_id), by)
        return placed["order_id"]

    async def _pay(self, order: dict[str, Any], order_id: str) -> None:
        by = Actor("customer", self._loader.customer_id(order["customer"]), "customer")
        pay = PayOrder(order_id=order_id, method="card", gateway="sandbox", token="sandbox_card_success")  # noqa: S106 - the sandbox's published test card
        await self._loader.perform(f"{order['reference']}:pay", pay, by)

    async def _send(self, order: dict[str, Any], order_id: str) -> None:
        loader, reference = self._loader, order["reference"]
        loader.at(order["shipped_days_ago"], hour=15)
        tracking = f"CA-{reference.upper()}"
        shipped = await loader.perform(
            f"{reference}:ship", ShipOrder(order_id=order_id, carrier=CARRIER, tracking_number=tracking)
        )
        if order["delivered_days_ago"] is not None:
            loader.at(order["delivered_days_ago"], hour=11)
            await loader.perform(f"{reference}:arrive", EndShipment(shipment_id=shipped["shipment_id"]))
