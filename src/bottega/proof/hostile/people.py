"""The people of the hostile campaign: a victim, an attacker, each with an account, orders and money in it."""

from dataclasses import dataclass
from typing import Any

from bottega.actions.action import Action
from bottega.actions.actor import Actor
from bottega.actions.outcome import Done
from bottega.bootstrap import Application
from bottega.kernel.address import Address
from bottega.kernel.identifiers import new_id
from bottega.proof.stand import OWNER, Stand
from bottega.shop.carts.actions import ChooseShipping, SetCartContact
from bottega.shop.carts.filling import FillCart
from bottega.shop.customers.actions import AddAddress, AddInstrument, RegisterCustomer
from bottega.shop.flows.pay_order import PayOrder
from bottega.shop.flows.place_order import PlaceOrder
from bottega.shop.flows.ship_order import EndShipment, ShipOrder
from bottega.shop.payments.codes import digest_of_code
from bottega.shop.payments.gift_cards import IssueGiftCard

GIFT_CARD_MINOR = 9_000


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody with an account: two open orders, one that has arrived, a card, an address, a gift card."""

    customer_id: str
    name: str
    email: str
    street: str
    open_orders: tuple[str, ...]
    arrived_order: str
    line_id: str
    instrument_id: str
    address_id: str
    gift_card_id: str
    gift_card_code: str
    payment_id: str

    @property
    def actor(self) -> Actor:
        """The customer themself."""
        return Actor("customer", self.customer_id, "customer")

    @property
    def identifiers(self) -> tuple[str, ...]:
        """Everything of theirs that can be named."""
        named = (self.arrived_order, self.line_id, self.instrument_id, self.address_id, self.gift_card_id)
        return (self.customer_id, *self.open_orders, *named, self.payment_id)


async def done(application: Application, action: Action, by: Actor = OWNER) -> dict[str, Any]:
    """An action that has to succeed, with the calls that it claimed."""
    outcome = await application.performer.perform(action, by=by)
    if isinstance(outcome, Done):
        await application.effects.drive_all_claimed(outcome)
    return outcome.unwrap()


async def open_account(application: Application, stand: Stand, name: str, street: str) -> Account:
    """Through actions alone."""
    email = f"{name.split()[0].lower()}@{name.split()[1].lower()}.example"
    address = Address(name=name, line1=street, city="Trento", postal_code="38122", country="IT")
    registered = await done(application, RegisterCustomer(customer_id=new_id("cus"), email=email, name=name))
    customer_id = registered["customer_id"]
    actor = Actor("customer", customer_id, "customer")
    added = await done(application, AddAddress(customer_id=customer_id, address=address), actor)
    of_card = {"kind": "card", "gateway": "sandbox", "token": "sandbox_card_success", "last_four": "4242"}
    card = AddInstrument.model_validate({"customer_id": customer_id, **of_card})
    instrument = await done(application, card, actor)
    code = f"{name.split()[0].upper()}-GIFT-CARD"
    digest = digest_of_code(application.performer.lookup_key, code)
    issue = IssueGiftCard(
        amount_minor=GIFT_CARD_MINOR, currency="EUR", customer_id=customer_id, code_digest=digest, reason="birthday"
    )
    gift_card = await done(application, issue)
    orders = [
        await _bought(application, stand, actor, email, address, instrument["instrument_id"], variant)
        for variant in (0, 1, 2)
    ]
    shipment = await done(application, ShipOrder(order_id=orders[2]))
    await done(application, EndShipment(shipment_id=shipment["shipment_id"]))
    async with application.database.read() as connection:
        line_id = await connection.fetchval("SELECT id FROM shop.order_lines WHERE order_id = $1 LIMIT 1", orders[2])
        payment_id = await connection.fetchval("SELECT id FROM shop.payments WHERE order_id = $1 LIMIT 1", orders[0])
    return Account(
        customer_id,
        name,
        email,
        street,
        (orders[0], orders[1]),
        orders[2],
        line_id,
        instrument["instrument_id"],
        added["address_id"],
        gift_card["gift_card_id"],
        code,
        payment_id,
    )


async def _bought(
    application: Application, stand: Stand, by: Actor, email: str, address: Address, instrument_id: str, variant: int
) -> str:
    filled = await done(application, FillCart(customer_id=by.id, variant_id=stand.variant_ids[variant], quantity=2), by)
    cart_id = filled["cart_id"]
    await done(application, SetCartContact(cart_id=cart_id, email=email, shipping_address=address, country="IT"), by)
    await done(application, ChooseShipping(cart_id=cart_id, shipping_method_id=stand.method_id), by)
    order_id = (await done(application, PlaceOrder(cart_id=cart_id), by))["order_id"]
    await done(application, PayOrder(order_id=order_id, method="stored", instrument_id=instrument_id), by)
    return order_id
