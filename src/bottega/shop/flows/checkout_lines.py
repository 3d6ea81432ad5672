"""What a cart would become as an order: sellable lines, discounts, tax, shipping and total, at one instant."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from bottega.kernel.errors import Conflict, Invalid
from bottega.platform.database.pool import Connection, Row
from bottega.shop.promotions.discounts import DiscountableLine, Discounts, Taken, discount
from bottega.shop.promotions.errors import NothingToTakeOff, PromotionNotCombined, PromotionRefused
from bottega.shop.promotions.model import Offer
from bottega.shop.promotions.queries import applicable
from bottega.shop.shipping.model import ShippingMethod
from bottega.shop.shipping.queries import methods_for
from bottega.shop.shipping.rates import quote
from bottega.shop.shop_settings import ShopSettings
from bottega.shop.taxes.queries import rates_for
from bottega.shop.taxes.tax import LineAmounts, LineTax, rate_of, split_lines


@dataclass(frozen=True, slots=True)
class SellableLine:
    """A line of a cart with what ordering needs to know; `unit_price_minor` as the shopper sees it."""

    variant_id: str
    product_id: str
    sku: str
    title: str
    option_values: dict[str, Any]
    quantity: int
    unit_price_minor: int
    tax_class: str
    weight_grams: int

    @property
    def amount_minor(self) -> int:
        return self.quantity * self.unit_price_minor


@dataclass(frozen=True, slots=True)
class Reckoning:
    """The whole sum: net + tax + shipping − discount = total, per line and together."""

    lines: Sequence[SellableLine]
    taxes: Sequence[LineTax]
    rates: Sequence[Decimal]
    promotions: Sequence[Taken]
    net_minor: int
    discount_minor: int
    shipping_minor: int
    tax_minor: int
    total_minor: int
    shipping_shown_minor: int
    coupon_refused: str | None
    collected_at: str | None


_LINES = """
SELECT l.variant_id, v.product_id, v.sku, p.title, v.option_values, l.quantity, p.tax_class, v.weight_grams,
       shop.effective_amount(r, $3) AS unit_price_minor, p.status, v.active
FROM {source}
JOIN shop.variants v ON v.id = l.variant_id
JOIN shop.products p ON p.id = v.product_id
LEFT JOIN shop.prices r ON r.variant_id = v.id AND r.currency = $2
ORDER BY l.id"""
_CART_LINES = _LINES.format(source="(SELECT * FROM shop.cart_lines WHERE cart_id = $1) AS l")
_GIVEN_LINES = _LINES.format(source="unnest($1::text[], $4::int[]) WITH ORDINALITY AS l (variant_id, quantity, id)")


async def lines_of_cart(connection: Connection, cart_id: str, currency: str, at: datetime) -> list[SellableLine]:
    """The cart's lines at present prices; refuses what is no longer for sale."""
    rows = await connection.fetch(_CART_LINES, cart_id, currency, at)
    return [_sellable(row, currency) for row in rows]


async def lines_of_variants(
    connection: Connection, wanted: Sequence[tuple[str, int]], currency: str, at: datetime
) -> list[SellableLine]:
    """(variant_id, quantity) at present prices, in the order given; refuses what is not for sale."""
    rows = await connection.fetch(
        _GIVEN_LINES, [variant for variant, _ in wanted], currency, at, [quantity for _, quantity in wanted]
    )
    if len(rows) != len(wanted):
        known = {row["variant_id"] for row in rows}
        raise Invalid("no_such_variant", f"There is no variant {next(v for v, _ in wanted if v not in known)}.")
    return [_sellable(row, currency) for row in rows]


def _sellable(row: Row, currency: str) -> SellableLine:
    if row["status"] != "published" or not row["active"] or row["unit_price_minor"] is None:
        raise Conflict(
            "not_for_sale",
            f"{row['title']} ({row['sku']}) is no longer for sale in {currency}.",
            next_step="Take it out of the cart.",
            variant_id=row["variant_id"],
        )
    return SellableLine(
        variant_id=row["variant_id"],
        product_id=row["product_id"],
        sku=row["sku"],
        title=row["title"],
        option_values=row["option_values"],
        quantity=row["quantity"],
        unit_price_minor=row["unit_price_minor"],
        tax_class=row["tax_class"],
        weight_grams=row["weight_grams"],
    )


@dataclass(frozen=True, slots=True)
class Destination:
    """Who buys, where it goes, how, and with which coupon."""

    customer_id: str
    country: str
    currency: str
    shipping_method_id: str | None
    coupon_code: str | None


async def reckon(
    connection: Connection,
    lines: Sequence[SellableLine],
    to: Destination,
    settings: ShopSettings,
    at: datetime,
    *,
    coupon_must_hold: bool = False,
) -> Reckoning:
    """Everything the shopper pays; refusals name what does not fit (method, weight, and the coupon if it must hold)."""
    method = None if to.shipping_method_id is None else await _method(connection, to)
    offers = await applicable(
        connection,
        product_ids=sorted({line.product_id for line in lines}),
        customer_id=to.customer_id,
        coupon_code=to.coupon_code,
        at=at,
    )
    goods = [DiscountableLine(line.product_id, line.amount_minor) for line in lines]
    # Rates by order value look at the goods after discount, so discounts come first and once more with the shipping.
    shipping: int | None = None
    if method is not None:
        on_goods = discount(offers, goods, None, to.currency, at)
        subtotal = sum(line.amount_minor for line in lines) - sum(on_goods.line_discounts_minor)
        shipping = _shipping_cost(method, lines, subtotal)
    discounts = discount(offers, goods, shipping, to.currency, at)
    refused = _coupon_refused(offers, discounts, to.coupon_code)
    # A coupon that only takes nothing off, or yields to a better discount, does the shopper no harm.
    harmless = isinstance(refused, NothingToTakeOff | PromotionNotCombined)
    if refused is not None and coupon_must_hold and not harmless:
        raise refused
    rates = await rates_for(connection, to.country, at)
    return _sum_up(lines, rates, discounts, method, shipping, settings, None if refused is None else str(refused))


def _coupon_refused(
    offers: Sequence[Offer], discounts: Discounts, coupon_code: str | None
) -> PromotionRefused | Conflict | None:
    if coupon_code is None:
        return None
    offer = next((offer for offer in offers if offer.promotion.code == coupon_code.upper()), None)
    if offer is None:
        return Conflict(
            "no_such_coupon", f"There is no coupon {coupon_code}.", next_step="Check the code or remove it."
        )
    return discounts.refusals.get(offer.promotion.id)


async def _method(connection: Connection, to: Destination) -> ShippingMethod:
    methods = await methods_for(connection, to.country, method_id=to.shipping_method_id)
    fitting = [method for method in methods if method.active and method.currency == to.currency]
    if not fitting:
        raise Conflict(
            "method_not_offered",
            f"This shipping method does not serve {to.country} in {to.currency}.",
            next_step="Choose one of the methods of that country.",
            country=to.country,
        )
    return fitting[0]


def _shipping_cost(method: ShippingMethod, lines: Sequence[SellableLine], subtotal_minor: int) -> int:
    weight = sum(line.weight_grams * line.quantity for line in lines)
    amount = quote(method, weight, subtotal_minor)
    if amount is None:
        raise Conflict(
            "too_heavy_for_method",
            f"{method.name} does not take {weight} g.",
            next_step="Choose another method or order in parts.",
            weight_grams=weight,
        )
    return amount


def _sum_up(
    lines: Sequence[SellableLine],
    rates: dict[str, Decimal],
    discounts: Discounts,
    method: ShippingMethod | None,
    shipping: int | None,
    settings: ShopSettings,
    coupon_refused: str | None,
) -> Reckoning:
    line_rates = [rate_of(rates, line.tax_class) for line in lines]
    amounts = [
        LineAmounts(line.amount_minor, taken, rate)
        for line, taken, rate in zip(lines, discounts.line_discounts_minor, line_rates, strict=True)
    ]
    shown = (shipping or 0) - discounts.shipping_discount_minor
    amounts.append(LineAmounts(shown, 0, rate_of(rates, "standard" if method is None else method.tax_class)))
    *line_taxes, shipping_tax = split_lines(amounts, includes_tax=settings.prices_include_tax)
    net = sum(line.net_minor for line in line_taxes)
    discounted = sum(line.discount_minor for line in line_taxes)
    tax = sum(line.tax_minor for line in line_taxes) + shipping_tax.tax_minor
    return Reckoning(
        lines=lines,
        taxes=line_taxes,
        rates=line_rates,
        promotions=discounts.taken,
        net_minor=net,
        discount_minor=discounted,
        shipping_minor=shipping_tax.net_minor,
        tax_minor=tax,
        total_minor=net + tax + shipping_tax.net_minor - discounted,
        shipping_shown_minor=shown,
        coupon_refused=coupon_refused,
        collected_at=None if method is None else method.location_id,
    )
