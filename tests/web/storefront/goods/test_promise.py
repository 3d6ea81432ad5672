"""When things come: working days, and what delivery costs."""

from datetime import date

import pytest

from bottega.shop import shop_settings
from bottega.web.storefront.goods.promise import shipping_promise, working_days_after
from tests.web.shelf import SHIPPING_MINOR, Shelf


@pytest.mark.parametrize(
    ("start", "days", "reached"),
    [
        (date(2026, 12, 2), 1, date(2026, 12, 3)),
        (date(2026, 12, 4), 1, date(2026, 12, 7)),
        (date(2026, 12, 5), 1, date(2026, 12, 7)),
        (date(2026, 12, 4), 6, date(2026, 12, 14)),
        (date(2026, 12, 5), 0, date(2026, 12, 5)),
    ],
)
def test_saturdays_and_sundays_do_not_count(start: date, days: int, reached: date) -> None:
    assert working_days_after(start, days) == reached


async def test_the_promise_is_reckoned_from_the_methods(shelf: Shelf) -> None:
    application = shelf.shop.application
    now = application.clock.now()
    async with application.database.read() as connection:
        settings = await shop_settings.current(connection)
        small = await shipping_promise(connection, settings, now, weight_grams=500, subtotal_minor=5_000)
        large = await shipping_promise(connection, settings, now, weight_grams=500, subtotal_minor=20_000)
    assert (small.amount_minor, small.free_from_minor, small.collected_at) == (
        SHIPPING_MINOR,
        20_000,
        "Collect in the store",
    )
    assert large.amount_minor == 0
    assert small.first_day == working_days_after(now.date(), 3)
    assert small.last_day == working_days_after(now.date(), 4)
