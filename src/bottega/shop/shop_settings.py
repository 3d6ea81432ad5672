"""The shop's own settings: rows that staff change by action, read with a short-lived copy per process."""

import time
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from bottega.actions.action import Action
from bottega.actions.registry import handles
from bottega.actions.work import Work
from bottega.kernel.address import Email
from bottega.kernel.money import check_currency
from bottega.platform.database.pool import Connection, database_of

COPY_LIFETIME_SECONDS = 5.0

AmountMinor = Annotated[int, Field(ge=0, le=1_000_000_000)]
CategoryPath = Annotated[str, Field(min_length=1, max_length=300)]


# What shoppers choose from; free text of theirs would carry personal things into the log.
Reasons = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=100)], ...], Field(min_length=1, max_length=50)]


class ShopSettings(BaseModel):
    """What handlers ask for; amounts in minor units of `currency`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    shop_name: Annotated[str, Field(min_length=1, max_length=100)] = "Bottega"
    tagline: Annotated[str, Field(max_length=200)] = ""
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$"), AfterValidator(check_currency)] = "EUR"
    country: Annotated[str, Field(pattern="^[A-Z]{2}$")] = "IT"
    contact_email: Email = "shop@example.org"
    prices_include_tax: bool = True
    capture_mode: Literal["automatic", "manual"] = "automatic"
    reservation_minutes: Annotated[int, Field(ge=1, le=10_080)] = 30
    bank_transfer_days: Annotated[int, Field(ge=1, le=60)] = 7
    guest_cart_days: Annotated[int, Field(ge=1, le=365)] = 14
    account_cart_days: Annotated[int, Field(ge=1, le=365)] = 90
    maximum_cart_lines: Annotated[int, Field(ge=1, le=500)] = 100
    maximum_order_minor: AmountMinor = 10_000_000
    low_stock_threshold: Annotated[int, Field(ge=0, le=1_000_000)] = 3
    stock_adjustment_limit_units: Annotated[int, Field(ge=0, le=1_000_000)] = 100
    cancellation_reasons: Reasons = (
        "no longer needed",
        "ordered by mistake",
        "ordered twice",
        "changed my mind",
        "found it cheaper",
        "takes too long",
        "other",
    )
    return_reasons: Reasons = (
        "changed my mind",
        "wrong size",
        "too small",
        "too large",
        "not as described",
        "damaged",
        "faulty",
        "wrong item",
        "arrived late",
        "other",
    )
    return_window_days: Annotated[int, Field(ge=0, le=3650)] = 30
    # Paths of categories whose goods are not taken back, with everything below them.
    non_returnable_categories: Annotated[tuple[CategoryPath, ...], Field(max_length=100)] = ()
    support_refund_limit_minor: AmountMinor = 15_000
    second_refund_limit_minor: AmountMinor = 100_000
    daily_refund_limit_minor: AmountMinor = 300_000
    agent_spend_limit_minor: AmountMinor = 50_000
    agents_stopped: bool = False


class ChangeShopSettings(Action):
    """Sets some of the shop's settings; each value is checked by the model above."""

    groups: ClassVar[tuple[str, ...]] = ("settings",)
    values: Annotated[dict[str, Any], Field(min_length=1, max_length=50)]


@handles(ChangeShopSettings, undoable=True)
async def change_shop_settings(action: ChangeShopSettings, work: Work) -> dict[str, Any]:
    """Validate the whole and store what was named."""
    stored = await _stored(work.connection)
    checked = ShopSettings.model_validate({**stored, **action.values}).model_dump(mode="json")
    await work.connection.executemany(
        "INSERT INTO shop.shop_settings (name, value) VALUES ($1, $2) "
        "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        [(name, checked[name]) for name in sorted(action.values)],
    )
    _copies.clear()
    return {"changed": sorted(action.values)}


_copies: dict[str, tuple[float, ShopSettings]] = {}


async def current(connection: Connection) -> ShopSettings:
    """The settings, at most 5 seconds old; a change in another process shows after that."""
    database = database_of(connection)
    copy = _copies.get(database)
    if copy is not None and copy[0] > time.monotonic():
        return copy[1]
    settings = ShopSettings.model_validate(await _stored(connection))
    _copies[database] = (time.monotonic() + COPY_LIFETIME_SECONDS, settings)
    return settings


async def stored(connection: Connection) -> ShopSettings:
    """The settings as they are at this moment."""
    return ShopSettings.model_validate(await _stored(connection))


async def _stored(connection: Connection) -> dict[str, Any]:
    rows = await connection.fetch("SELECT name, value FROM shop.shop_settings")
    return {row["name"]: row["value"] for row in rows}
