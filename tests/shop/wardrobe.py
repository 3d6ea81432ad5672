"""A shop with one product in three variants, and an account with a card, a wallet and a gift card, for a customer."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from bottega.actions.actor import Actor
from bottega.actions.outcome import Done, Outcome
from bottega.bootstrap.invariants import check_invariants
from bottega.kernel.address import Address
from bottega.kernel.identifiers import new_id
from bottega.shop.carts.actions import AddCartLine, ChooseShipping, CreateCart, SetCartContact
from bottega.shop.customers.actions import insert_customer
from bottega.shop.customers.model import NewCustomer, NewGiftCard, NewInstrument
from bottega.shop.flows.pay_order import PayOrder
from bottega.shop.flows.place_order import PlaceOrder
from bottega.shop.flows.ship_order import EndShipment, ShipOrder
from bottega.shop.payments.ledger import Movement, gift_card_account, post
from bottega.shop.shipping.actions import CreateMethod, CreateZone, RateRow
from bottega.shop.stock.actions import CreateLocation, ReceiptLine, ReceiveStock
from bottega.shop.taxes.actions import LoadTaxRates, RateVersion
from tests.shop.entries import add_product, add_variant, entry
from tests.shop_fixtures import Shop

ADDRESS = Address(name="Ada Prova", line1="Via Roma 1", city="Trento", postal_code="38122", country="IT")
SHIPPING_MINOR = 490
CARD_BALANCE_MINOR = 5_000


@dataclass(frozen=True)
class Wardrobe:
    """What is for sale (medium at 100, large at 120, small at 80, boots at 200) and who buys it."""

    shop: Shop
    medium: str
    large: str
    small: str
    boots: str
    method: str
    customer: Actor
    card: str
    wallet: str
    gift_card: str
    gift_card_id: str

    async def act(self, action: Any, by: Actor | None = None, key: str | None = None) -> Outcome:
        """An action of the customer, or of somebody else, with the calls it claimed."""
        outcome = await self.shop.perform(action, by or self.customer, key)
        if isinstance(outcome, Done):
            for effect in outcome.effects:
                if effect.claimed:
                    await self.shop.application.effects.drive_claimed(effect)
        await self.settle()
        return outcome

    async def done(self, action: Any, by: Actor | None = None, key: str | None = None) -> dict[str, Any]:
        """The same, which has to succeed."""
        return (await self.act(action, by, key)).unwrap()

    async def settle(self) -> None:
        """Calls of the payment gateway until none is due."""
        while due := await self.shop.fetch(
            "SELECT id FROM log.effects WHERE kind LIKE 'payment.%' AND state IN ('intended', 'unknown')"
        ):
            for effect in due:
                await self.shop.application.effects.drive(effect["id"])

    async def bought(self, *variants: str, instrument: str | None = None, quantity: int = 1) -> str:
        """A paid order of these variants; returns its id."""
        cart_id = (await self.done(CreateCart(customer_id=self.customer.id, currency="EUR")))["cart_id"]
        for variant in variants:
            await self.done(AddCartLine(cart_id=cart_id, variant_id=variant, quantity=quantity))
        contact = SetCartContact(cart_id=cart_id, email="ada@example.com", shipping_address=ADDRESS, country="IT")
        await self.done(contact)
        await self.done(ChooseShipping(cart_id=cart_id, shipping_method_id=self.method))
        order_id = (await self.done(PlaceOrder(cart_id=cart_id)))["order_id"]
        await pay(self, order_id, instrument)
        return order_id

    async def delivered(self, *variants: str, instrument: str | None = None, quantity: int = 1) -> str:
        """A paid order that has arrived."""
        order_id = await self.bought(*variants, instrument=instrument, quantity=quantity)
        shipment = await self.shop.done(ShipOrder(order_id=order_id))
        await self.shop.done(EndShipment(shipment_id=shipment["shipment_id"]))
        return order_id

    async def order(self, order_id: str) -> dict[str, Any]:
        """The order's row."""
        return (await self.shop.fetch("SELECT * FROM shop.orders WHERE id = $1", order_id))[0]

    async def lines(self, order_id: str) -> list[dict[str, Any]]:
        """The order's lines in their order."""
        return await self.shop.fetch(
            "SELECT * FROM shop.order_lines WHERE order_id = $1 ORDER BY position, id", order_id
        )

    async def paid_by(self, order_id: str) -> list[tuple[str, int, int]]:
        """(status, captured, refunded) of the order's payments, oldest first."""
        rows = await self.shop.fetch(
            "SELECT status, captured_minor, refunded_minor FROM shop.payments WHERE order_id = $1 "
            "ORDER BY created_at, id",
            order_id,
        )
        return [(row["status"], row["captured_minor"], row["refunded_minor"]) for row in rows]

    async def reserved(self, variant: str) -> int:
        """Units of a variant that are promised."""
        return await self.shop.fetchval("SELECT reserved FROM shop.stock_levels WHERE variant_id = $1", variant)

    async def on_hand(self, variant: str) -> int:
        """Units of a variant that lie there."""
        return await self.shop.fetchval("SELECT on_hand FROM shop.stock_levels WHERE variant_id = $1", variant)

    async def balance(self) -> int:
        """What the gift card holds."""
        return await self.shop.fetchval("SELECT balance_minor FROM shop.gift_cards WHERE id = $1", self.gift_card_id)

    async def unbroken(self) -> None:
        """Every invariant of commerce holds."""
        for checked in await check_invariants(self.shop.application.database):
            if checked.name != "I14":
                assert not checked.violations, checked


async def pay(wardrobe: Wardrobe, order_id: str, instrument: str | None = None) -> None:
    """Pays what is due of an order, with the card unless another instrument is named."""
    await wardrobe.done(PayOrder(order_id=order_id, method="stored", instrument_id=instrument or wardrobe.card))


async def open_wardrobe(shop: Shop, units: int = 10) -> Wardrobe:
    """Prices include 22 % tax; shipping is 4.90."""
    product = await add_product(shop, "jacket")
    medium, large, small = [await add_variant(shop, f"JACKET-{size}", product) for size in "MLS"]
    boots = await add_variant(shop, "BOOTS")
    prices = {medium: 10_000, large: 12_000, small: 8_000, boots: 20_000}
    location = (await shop.done(CreateLocation(handle="main", name="Main")))["location_id"]
    received = tuple(ReceiptLine(variant_id=variant, quantity=units) for variant in prices)
    await shop.done(ReceiveStock(location_id=location, lines=received))
    async with entry(shop) as work:
        await work.connection.executemany(
            "INSERT INTO shop.prices (id, variant_id, currency, amount_minor) VALUES ($1, $2, 'EUR', $3)",
            [(new_id("prc"), variant, amount) for variant, amount in prices.items()],
        )
        person = await insert_customer(work, _ada())
        account = gift_card_account(person.gift_card_ids[0])
        await post(work, Movement("issue", "gift_cards_issued", account, CARD_BALANCE_MINOR, "EUR"))
    start = date.today() - timedelta(days=30)  # noqa: DTZ011 - any day in the past will do
    rate = RateVersion(country="IT", tax_class="standard", rate=Decimal("0.22"), valid_from=start)
    await shop.done(LoadTaxRates(rates=(rate,)))
    zone = await shop.done(CreateZone(name="Italy", countries=("IT",)))
    method = await shop.done(
        CreateMethod(
            zone_id=zone["zone_id"], name="Courier", currency="EUR", rates=(RateRow(amount_minor=SHIPPING_MINOR),)
        )
    )
    card, wallet, gift_card = person.instrument_ids
    customer = Actor("customer", person.id, "customer")
    return Wardrobe(
        shop,
        medium,
        large,
        small,
        boots,
        method["method_id"],
        customer,
        card,
        wallet,
        gift_card,
        person.gift_card_ids[0],
    )


def _ada() -> NewCustomer:
    return NewCustomer(
        name="Ada Prova",
        email="ada@example.com",
        addresses=(ADDRESS,),
        instruments=(
            NewInstrument("card", "sandbox", "sandbox_card_success:ada", "visa", "4242"),
            NewInstrument("wallet", "sandbox", "sandbox_card_success:wallet"),
            NewInstrument("gift_card", "gift_card", gift_card=NewGiftCard("EUR", CARD_BALANCE_MINOR)),
        ),
    )
