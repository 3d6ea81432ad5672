"""Buying by conversation, by rules alone: one sentence, one offer at a time, a plain yes, and it is paid."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

from bottega.actions.actor import Actor, Cause
from bottega.actions.effects import EffectDriver
from bottega.actions.outcome import Done
from bottega.actions.perform import Performer
from bottega.agents.assistant.wish import Wish, is_no, is_yes, understand
from bottega.kernel.address import Address
from bottega.kernel.errors import Conflict, Refusal
from bottega.kernel.identifiers import new_id
from bottega.kernel.money import format_amount
from bottega.shop import shop_settings
from bottega.shop.carts.actions import AddCartLine, ChooseShipping, CreateCart, SetCartContact
from bottega.shop.catalogue.listing import Filters
from bottega.shop.catalogue.search import search_products
from bottega.shop.catalogue.search_records import SearchRequest
from bottega.shop.flows.cart_total import cart_total
from bottega.shop.flows.pay_order import PayOrder
from bottega.shop.flows.place_order import PlaceOrder

OFFERS = 5

Say = Callable[[str], None]
State = Literal["listening", "offering", "confirming", "done"]


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who talks, and what the shop has to know before it can send anything; asked for before the conversation."""

    customer_id: str
    role: str
    email: str
    address: Address
    card_gateway: str
    card_token: str

    @property
    def actor(self) -> Actor:
        return Actor("customer", self.customer_id, self.role)


@dataclass(frozen=True, slots=True)
class Offer:
    """A product that was found, with the variant that would be bought."""

    title: str
    handle: str
    variant_id: str
    options: str
    price_minor: int


@dataclass
class Conversation:
    """One shopper's conversation; every change goes through `perform` as the shopper's own."""

    performer: Performer
    effects: EffectDriver
    buyer: Buyer
    say: Say
    currency: str = "EUR"
    state: State = "listening"
    run_id: str = field(default_factory=lambda: new_id("run"))
    offers: list[Offer] = field(default_factory=list[Offer])
    cart_id: str | None = None
    total_minor: int = 0
    order: dict[str, Any] | None = None

    async def hear(self, sentence: str) -> None:
        """Takes the shopper's next words and answers; a refusal is told in its own words."""
        answer = self._answers()[self.state]
        try:
            await answer(sentence)
        except Refusal as refusal:
            self.say(str(refusal))

    def _answers(self) -> dict[State, Callable[[str], Awaitable[None]]]:
        return {"listening": self._find, "offering": self._decide, "confirming": self._confirm, "done": self._find}

    async def _find(self, sentence: str) -> None:
        async with self.performer.database.read() as connection:
            self.currency = (await shop_settings.current(connection)).currency
        wish = understand(sentence, self.currency)
        self.offers = await self._search(wish)
        if not self.offers:
            self.say("I found nothing like that in stock. Try other words, or a higher price.")
            return
        self.state = "offering"
        self._show_offer()

    async def _search(self, wish: Wish) -> list[Offer]:
        now = self.performer.clock.now()
        filters = Filters(self.currency, in_stock=True, minimum_minor=wish.least_minor, maximum_minor=wish.most_minor)
        async with self.performer.database.read() as connection:
            found = await search_products(
                connection, SearchRequest(wish.query, filters, limit=OFFERS), now, embedder=None
            )
            product_ids = [orjson.loads(card)["id"] for card in found.cards]
            rows = await connection.fetch(_CHEAPEST_IN_STOCK, product_ids, self.currency, now)
        return [
            Offer(row["title"], row["handle"], row["variant_id"], _options(row["option_values"]), row["price_minor"])
            for row in rows
            if wish.most_minor is None or row["price_minor"] <= wish.most_minor
        ]

    def _show_offer(self) -> None:
        offer = self.offers[0]
        shown = f"{offer.title}{offer.options} for {format_amount(offer.price_minor, self.currency)} {self.currency}"
        self.say(f"How about the {shown}? Say yes to take it, or no to see another.")

    async def _decide(self, sentence: str) -> None:
        if is_no(sentence):
            self.offers.pop(0)
            if self.offers:
                self._show_offer()
            else:
                self.state = "listening"
                self.say("That was all I found. What else are you looking for?")
        elif is_yes(sentence):
            await self._reckon()
        else:
            self.state = "listening"
            await self._find(sentence)

    async def _reckon(self) -> None:
        """Fills the cart and says the exact total, which is what the next yes is a yes to."""
        await self._fill_cart(self.offers[0])
        assert self.cart_id is not None, "it was just filled"
        async with self.performer.database.read_snapshot() as connection:
            total = await cart_total(connection, self.buyer.actor, self.cart_id, self.performer.clock.now())
        self.total_minor = total.total_minor
        self.state = "confirming"
        amount = format_amount(total.total_minor, self.currency)
        self.say(f"With shipping and tax that is {amount} {self.currency} to {self.buyer.address.city}. Order and pay?")

    async def _fill_cart(self, offer: Offer) -> None:
        made = await self._perform(CreateCart(customer_id=self.buyer.customer_id, channel="chat", origin=self.run_id))
        cart_id = made["cart_id"]
        await self._perform(AddCartLine(cart_id=cart_id, variant_id=offer.variant_id))
        address = self.buyer.address
        contact = SetCartContact(
            cart_id=cart_id, email=self.buyer.email, shipping_address=address, country=address.country
        )
        await self._perform(contact)
        async with self.performer.database.read_snapshot() as connection:
            total = await cart_total(connection, self.buyer.actor, cart_id, self.performer.clock.now())
        cheapest = next((method for method in total.shipping_methods if method["kind"] == "delivery"), None)
        if cheapest is None:
            raise Conflict(
                "no_delivery",
                f"We do not deliver to {address.country}.",
                next_step="Ask the shop, or name another address.",
            )
        await self._perform(ChooseShipping(cart_id=cart_id, shipping_method_id=cheapest["shipping_method_id"]))
        self.cart_id = cart_id

    async def _confirm(self, sentence: str) -> None:
        if is_no(sentence):
            self.state = "listening"
            self.say("Then I leave it. What else are you looking for?")
        elif is_yes(sentence):
            await self._buy()
        else:
            self.say("Please say a plain yes to order and pay, or no.")

    async def _buy(self) -> None:
        assert self.cart_id is not None, "the total was reckoned from it"
        placed = await self._perform(
            PlaceOrder(cart_id=self.cart_id, expected_total_minor=self.total_minor), key=f"{self.cart_id}:order"
        )
        pay = PayOrder(
            order_id=placed["order_id"],
            method="card",
            gateway=self.buyer.card_gateway,
            token=self.buyer.card_token,
        )
        await self._perform(pay, key=f"{self.cart_id}:pay")
        self.order, self.state = placed, "done"
        # "Paid" is said from what the books say, not from what was meant.
        async with self.performer.database.read() as connection:
            status = await connection.fetchval(
                "SELECT payment_status FROM shop.orders WHERE id = $1", placed["order_id"]
            )
        if status in ("paid", "authorised"):
            self.say(f"Thank you! Order {placed['number']} is paid; a confirmation is on its way to you.")
        else:
            self.say(f"Order {placed['number']} is placed, but the payment is {status}. Please pay it in your account.")

    async def _perform(self, action: Any, key: str | None = None) -> dict[str, Any]:
        outcome = await self.performer.perform(action, by=self.buyer.actor, key=key, because=Cause("run", self.run_id))
        result = outcome.unwrap()
        if isinstance(outcome, Done):
            for effect in outcome.effects:
                if effect.claimed:
                    await self.effects.drive_claimed(effect)
        return result


def _options(values: dict[str, str]) -> str:
    return f" ({', '.join(str(value) for value in values.values())})" if values else ""


_CHEAPEST_IN_STOCK = """
SELECT DISTINCT ON (wanted.place) p.title, p.handle, v.id AS variant_id, v.option_values,
       shop.effective_amount(r, $3) AS price_minor
FROM unnest($1::text[]) WITH ORDINALITY AS wanted (product_id, place)
JOIN shop.products p ON p.id = wanted.product_id
JOIN shop.variants v ON v.product_id = p.id AND v.active
JOIN shop.prices r ON r.variant_id = v.id AND r.currency = $2
WHERE EXISTS (SELECT FROM shop.stock_levels s WHERE s.variant_id = v.id AND s.on_hand > s.reserved)
ORDER BY wanted.place, price_minor, v.position"""
