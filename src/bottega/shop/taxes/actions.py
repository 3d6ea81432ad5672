"""The changes of tax rates: new versions, and the first table of a shop."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from bottega.actions.action import Action
from bottega.actions.registry import Facts, handles
from bottega.actions.work import Work
from bottega.kernel.identifiers import TaxRateId
from bottega.shop.taxes.errors import NoSuchTaxRate, PastRateStands
from bottega.shop.taxes.model import TaxClass

MAXIMUM_RATES = 2_000

Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
Rate = Annotated[Decimal, Field(ge=0, lt=1, max_digits=6, decimal_places=5, examples=["0.22"])]
Day = Annotated[date, Field(ge=date(1900, 1, 1), le=date(2199, 12, 31))]


class SetTaxRate(Action):
    """A country's rate of a class from a day on; only days to come, or today when nothing began to hold today."""

    groups: ClassVar[tuple[str, ...]] = ("taxes",)
    country: Country
    tax_class: TaxClass
    rate: Rate
    valid_from: Day


class WithdrawTaxRate(Action):
    """Takes back a version that does not hold yet."""

    groups: ClassVar[tuple[str, ...]] = ("taxes",)
    tax_rate_id: TaxRateId


class RateVersion(BaseModel):
    """One row of a rate table."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    country: Country
    tax_class: TaxClass
    rate: Rate
    valid_from: Day


class LoadTaxRates(Action):
    """A rate table with its history, for countries and classes that have no rate yet; others are left as they are."""

    groups: ClassVar[tuple[str, ...]] = ("taxes",)
    rates: Annotated[tuple[RateVersion, ...], Field(min_length=1, max_length=MAXIMUM_RATES)]


@handles(SetTaxRate)
async def set_tax_rate(action: SetTaxRate, work: Work) -> dict[str, Any]:
    """Adds a version, or corrects one that does not hold yet."""
    today = work.now.date()
    known = await work.connection.fetch(
        "SELECT valid_from FROM shop.tax_rates WHERE country = $1 AND tax_class = $2 FOR UPDATE",
        action.country,
        action.tax_class,
    )
    began = {row["valid_from"] for row in known if row["valid_from"] <= today}
    if action.valid_from in began or (began and action.valid_from < today):
        raise PastRateStands(action.country, action.tax_class, action.valid_from)
    rate_id = await work.connection.fetchval(
        "INSERT INTO shop.tax_rates (id, country, tax_class, rate, valid_from) VALUES ($1, $2, $3, $4, $5) "
        "ON CONFLICT (country, tax_class, valid_from) DO UPDATE SET rate = excluded.rate "
        "WHERE shop.tax_rates.valid_from > $6 RETURNING id",
        work.new_id("txr"),
        action.country,
        action.tax_class,
        action.rate,
        action.valid_from,
        today,
    )
    if rate_id is None:
        raise PastRateStands(action.country, action.tax_class, action.valid_from)
    return {"tax_rate_id": rate_id}


@handles(WithdrawTaxRate)
async def withdraw_tax_rate(action: WithdrawTaxRate, work: Work) -> dict[str, Any]:
    """Removes the version, unless it began to hold."""
    row = await work.connection.fetchrow(
        "SELECT country, tax_class, valid_from FROM shop.tax_rates WHERE id = $1 FOR UPDATE", action.tax_rate_id
    )
    if row is None:
        raise NoSuchTaxRate(action.tax_rate_id)
    if row["valid_from"] <= work.now.date():
        raise PastRateStands(row["country"], row["tax_class"], row["valid_from"])
    await work.connection.execute("DELETE FROM shop.tax_rates WHERE id = $1", action.tax_rate_id)
    return {"tax_rate_id": action.tax_rate_id}


async def load_facts(action: LoadTaxRates, work: Work) -> Facts:
    """How many versions come in."""
    del work
    return {"rows_changed": len(action.rates)}


@handles(LoadTaxRates, facts=load_facts)
async def load_tax_rates(action: LoadTaxRates, work: Work) -> dict[str, Any]:
    """One statement; a country and class that already has any version takes none of these."""
    status = await work.connection.execute(
        "INSERT INTO shop.tax_rates (id, country, tax_class, rate, valid_from) "
        "SELECT t.* FROM unnest($1::text[], $2::text[], $3::text[], $4::numeric[], $5::date[]) "
        "  AS t (id, country, tax_class, rate, valid_from) "
        "WHERE NOT EXISTS (SELECT FROM shop.tax_rates r WHERE r.country = t.country AND r.tax_class = t.tax_class) "
        "ON CONFLICT (country, tax_class, valid_from) DO NOTHING",
        [work.new_id("txr") for _ in action.rates],
        [rate.country for rate in action.rates],
        [rate.tax_class for rate in action.rates],
        [rate.rate for rate in action.rates],
        [rate.valid_from for rate in action.rates],
    )
    created = int(status.rpartition(" ")[2])
    return {"created": created, "left_as_they_are": len(action.rates) - created}
