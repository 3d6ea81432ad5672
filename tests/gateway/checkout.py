"""A shop ready to sell, and the seven calls of a checkout."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import httpx

from bottega.kernel.identifiers import new_id
from bottega.shop.shipping.actions import CreateMethod, CreateZone, RateRow
from bottega.shop.stock.actions import CreateLocation, ReceiptLine, ReceiveStock
from bottega.shop.taxes.actions import LoadTaxRates, RateVersion
from tests.shop.entries import add_variant, entry
from tests.shop_fixtures import Shop

ADDRESS = {
    "name": "Ada Prova",
    "line1": "Via Roma 1",
    "city": "Trento",
    "postal_code": "38122",
    "country": "IT",
}
# Two jackets at 129.90 and one stove at 45.50, tax included, and 4.90 for shipping.
TOTAL_MINOR = 2 * 12990 + 4550 + 490


@dataclass(frozen=True)
class Counter:
    """What is for sale, and how it is shipped."""

    jacket: str
    stove: str
    location: str
    method: str


async def open_counter(shop: Shop, units: int = 1000) -> Counter:
    """Two products with prices and stock, Italian tax, and one shipping method."""
    jacket, stove = await add_variant(shop, "JACKET-M"), await add_variant(shop, "STOVE-1")
    location = (await shop.done(CreateLocation(handle="main", name="Main", priority=0)))["location_id"]
    lines = tuple(ReceiptLine(variant_id=variant, quantity=units) for variant in (jacket, stove))
    await shop.done(ReceiveStock(location_id=location, lines=lines))
    async with entry(shop) as work:
        for variant, amount in ((jacket, 12990), (stove, 4550)):
            await work.connection.execute(
                "INSERT INTO shop.prices (id, variant_id, currency, amount_minor) VALUES ($1, $2, 'EUR', $3)",
                new_id("prc"),
                variant,
                amount,
            )
    start = date.today() - timedelta(days=30)  # noqa: DTZ011 - any day in the past will do
    rate = RateVersion(country="IT", tax_class="standard", rate=Decimal("0.22"), valid_from=start)
    await shop.done(LoadTaxRates(rates=(rate,)))
    zone = await shop.done(CreateZone(name="Italy", countries=("IT",)))
    rates = (RateRow(amount_minor=490),)
    method = await shop.done(CreateMethod(zone_id=zone["zone_id"], name="Courier", currency="EUR", rates=rates))
    return Counter(jacket, stove, location, method["method_id"])


class Buyer:
    """A guest at the shop's HTTP API."""

    def __init__(self, shop: Shop, counter: Counter, headers: dict[str, str]) -> None:
        self.shop, self.counter, self.headers = shop, counter, headers

    @classmethod
    async def arrive(cls, shop: Shop, counter: Counter) -> "Buyer":
        return cls(shop, counter, await shop.guest_headers())

    async def call(
        self, method: str, path: str, body: Any = None, *, key: str | None = None, status: int | None = None
    ) -> Any:
        """The JSON answer; without `status`, any success."""
        headers = {**self.headers, "Idempotency-Key": key or new_id("req")}
        answered: httpx.Response = await self.shop.client.request(method, path, json=body, headers=headers)
        expected = answered.is_success if status is None else answered.status_code == status
        assert expected, f"{method} {path}: {answered.status_code} {answered.text}"
        return answered.json()

    async def order(self, *, jackets: int = 2, stoves: int = 1) -> dict[str, Any]:
        """Six calls: a filled cart, and its order."""
        cart = await self.fill(jackets=jackets, stoves=stoves)
        return await self.call("POST", f"/api/carts/{cart}/order", {})

    async def fill(self, *, jackets: int = 2, stoves: int = 1) -> str:
        """Five calls: cart, two lines, contact, shipping; the cart lacks nothing but its order."""
        cart = (await self.call("POST", "/api/carts", {}))["cart_id"]
        lines = ((self.counter.jacket, jackets), (self.counter.stove, stoves))
        for variant, quantity in lines:
            if quantity:
                await self.call("POST", f"/api/carts/{cart}/lines", {"variant_id": variant, "quantity": quantity})
        contact = {"email": "ada@example.com", "shipping_address": ADDRESS}
        await self.call("PUT", f"/api/carts/{cart}/contact", contact)
        await self.call("PUT", f"/api/carts/{cart}/shipping", {"shipping_method_id": self.counter.method})
        return cart

    async def pay(self, order_id: str, card: str = "success", **changes: Any) -> dict[str, Any]:
        """The seventh call: a payment with one of the sandbox's cards."""
        body = {"method": "card", "token": f"sandbox_card_{card}", **changes}
        return await self.call("POST", f"/api/orders/{order_id}/payments", body, status=201)

    async def read(self, order_id: str) -> dict[str, Any]:
        return await self.call("GET", f"/api/orders/{order_id}")


async def bought(shop: Shop, counter: Counter, **lines: int) -> tuple[Buyer, str]:
    """A buyer and the id of their paid order."""
    buyer = await Buyer.arrive(shop, counter)
    order_id = (await buyer.order(**lines))["order_id"]
    paid = await buyer.pay(order_id)
    assert paid["status"] in ("captured", "authorised"), paid
    return buyer, order_id
