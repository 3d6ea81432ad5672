"""Rates hold from their day on, and a version that began is never rewritten."""

from datetime import date, timedelta
from decimal import Decimal

from bottega.actions.outcome import Denied, Failed
from bottega.kernel.identifiers import new_id
from bottega.shop.taxes.actions import LoadTaxRates, RateVersion, SetTaxRate, WithdrawTaxRate
from bottega.shop.taxes.model import TaxClass
from bottega.shop.taxes.queries import rates_for, rates_in_force, versions
from tests.shop_fixtures import MANAGER, WAREHOUSE, Shop


def version(tax_class: TaxClass, rate: str, valid_from: date, country: str = "DE") -> RateVersion:
    return RateVersion(country=country, tax_class=tax_class, rate=Decimal(rate), valid_from=valid_from)


async def germany(shop: Shop) -> None:
    """A country with history."""
    rates = (
        version("standard", "0.19", date(2007, 1, 1)),
        version("standard", "0.16", date(2020, 7, 1)),
        version("standard", "0.19", date(2021, 1, 1)),
        version("reduced", "0.07", date(1983, 7, 1)),
    )
    assert await shop.done(LoadTaxRates(rates=rates)) == {"created": 4, "left_as_they_are": 0}


def set_rate(rate: str, valid_from: date, country: str = "DE") -> SetTaxRate:
    return SetTaxRate(country=country, tax_class="standard", rate=Decimal(rate), valid_from=valid_from)


async def stored(shop: Shop) -> list[tuple[str, date]]:
    rows = await shop.fetch("SELECT rate, valid_from FROM shop.tax_rates ORDER BY tax_class, valid_from")
    return [(f"{row['rate']:.2f}", row["valid_from"]) for row in rows]


async def test_the_rate_is_that_of_the_day(shop: Shop) -> None:
    await germany(shop)
    async with shop.application.database.read() as connection:
        found = {
            day: await rates_for(connection, "DE", day)
            for day in (date(1990, 1, 1), date(2020, 6, 30), date(2020, 7, 1), date(2021, 1, 1))
        }
        assert await rates_for(connection, "FR", date(2021, 1, 1)) == {}
    reduced = Decimal("0.07")
    assert found == {
        date(1990, 1, 1): {"reduced": reduced},
        date(2020, 6, 30): {"reduced": reduced, "standard": Decimal("0.19")},
        date(2020, 7, 1): {"reduced": reduced, "standard": Decimal("0.16")},
        date(2021, 1, 1): {"reduced": reduced, "standard": Decimal("0.19")},
    }


async def test_a_version_that_began_is_not_rewritten(shop: Shop) -> None:
    await germany(shop)
    today = shop.application.clock.now().date()
    before = await stored(shop)
    for day in (date(2021, 1, 1), date(2020, 8, 1), today - timedelta(days=1)):
        outcome = await shop.perform(set_rate("0.5", day))
        assert isinstance(outcome, Failed)
        assert outcome.refusal.code == "past_rate_stands"
    assert await stored(shop) == before
    await shop.done(set_rate("0.20", today))
    again = await shop.perform(set_rate("0.21", today))
    assert isinstance(again, Failed)
    assert again.refusal.code == "past_rate_stands"


async def test_a_version_to_come_can_be_corrected_and_withdrawn(shop: Shop) -> None:
    await germany(shop)
    later = shop.application.clock.now().date() + timedelta(days=30)
    first = await shop.done(set_rate("0.20", later), by=MANAGER)
    second = await shop.done(set_rate("0.21", later))
    assert first == second
    now = shop.application.clock.now()
    async with shop.application.database.read() as connection:
        assert (await rates_for(connection, "DE", now))["standard"] == Decimal("0.19")
        assert (await rates_for(connection, "DE", later))["standard"] == Decimal("0.21")
        assert [str(rate.valid_from) for rate in await versions(connection, country="DE")][-1] == str(later)
        in_force = {rate.tax_class: rate.rate for rate in await rates_in_force(connection, now)}
    assert in_force == {"reduced": Decimal("0.07"), "standard": Decimal("0.19")}
    await shop.done(WithdrawTaxRate(tax_rate_id=first["tax_rate_id"]))
    gone = await shop.perform(WithdrawTaxRate(tax_rate_id=first["tax_rate_id"]))
    assert isinstance(gone, Failed)
    assert gone.refusal.code == "no_such_tax_rate"
    assert len(await stored(shop)) == 4


async def test_a_version_in_force_is_not_withdrawn(shop: Shop) -> None:
    await germany(shop)
    rate_id = await shop.fetchval("SELECT id FROM shop.tax_rates WHERE valid_from = '2021-01-01'")
    outcome = await shop.perform(WithdrawTaxRate(tax_rate_id=rate_id))
    assert isinstance(outcome, Failed)
    assert outcome.refusal.code == "past_rate_stands"
    assert len(await stored(shop)) == 4


async def test_a_first_rate_may_begin_in_the_past(shop: Shop) -> None:
    await shop.done(set_rate("0.2", date(2014, 1, 1), country="FR"))
    assert await stored(shop) == [("0.20", date(2014, 1, 1))]


async def test_loading_a_table_leaves_known_classes_alone(shop: Shop) -> None:
    await germany(shop)
    rates = (version("standard", "0.5", date(2030, 1, 1)), version("zero", "0", date(2020, 1, 1)))
    assert await shop.done(LoadTaxRates(rates=rates)) == {"created": 1, "left_as_they_are": 1}
    assert await shop.fetchval("SELECT max(rate) FROM shop.tax_rates") == Decimal("0.19")


async def test_the_warehouse_sets_no_taxes(shop: Shop) -> None:
    assert isinstance(await shop.perform(set_rate("0.2", date(2014, 1, 1)), by=WAREHOUSE), Denied)
    unknown = await shop.perform(WithdrawTaxRate(tax_rate_id=new_id("txr")), by=WAREHOUSE)
    assert isinstance(unknown, Denied)
    assert await stored(shop) == []
