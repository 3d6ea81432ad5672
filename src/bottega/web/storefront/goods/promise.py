"""What the shop promises about delivery, reckoned from its shipping methods: when it comes, and what it costs."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bottega.platform.database.pool import Connection
from bottega.shop.shipping.model import ShippingMethod
from bottega.shop.shipping.queries import methods_for
from bottega.shop.shipping.rates import quote
from bottega.shop.shop_settings import ShopSettings
from bottega.web.countries import country_name

SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Promise:
    """For the shop's own country: amounts in minor units, None where the shop offers nothing of the kind."""

    country: str
    first_day: date | None
    last_day: date | None
    amount_minor: int | None
    free_from_minor: int | None
    collected_at: str | None

    @property
    def destination(self) -> str:
        """The country as people call it."""
        return country_name(self.country)


async def shipping_promise(
    connection: Connection, settings: ShopSettings, now: datetime, *, weight_grams: int = 0, subtotal_minor: int = 0
) -> Promise:
    """Delivery by the cheapest method for goods of this weight and worth, and whether they can be collected."""
    methods = [
        method
        for method in await methods_for(connection, settings.country)
        if method.currency == settings.currency and method.active
    ]
    delivering = [method for method in methods if method.kind == "delivery"]
    offers = [
        (amount, method.maximum_days, method)
        for method in delivering
        if (amount := quote(method, weight_grams, subtotal_minor)) is not None
    ]
    amount, _, chosen = min(offers, key=lambda offer: offer[:2], default=(None, 0, None))
    collecting = next((method.name for method in methods if method.kind == "collection"), None)
    return Promise(
        settings.country,
        None if chosen is None else working_days_after(now.date(), chosen.minimum_days + 1),
        None if chosen is None else working_days_after(now.date(), chosen.maximum_days + 1),
        amount,
        None if chosen is None else _free_from(chosen),
        collecting,
    )


def working_days_after(start: date, days: int) -> date:
    """The day so many working days later, Saturdays and Sundays left out."""
    reached = start
    while days > 0:
        reached += timedelta(days=1)
        days -= reached.weekday() < SATURDAY
    return reached


def _free_from(method: ShippingMethod) -> int | None:
    """The lowest worth of goods from which a method costs nothing, if there is one."""
    free = [rate.from_subtotal_minor for rate in method.rates if rate.amount_minor == 0]
    return min(free, default=None)
