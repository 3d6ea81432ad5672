"""Another shop's customers and orders in our words, as an importer hands them over."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from bottega.kernel.address import Address, Email
from bottega.kernel.money import LARGEST_AMOUNT_MINOR

AmountMinor = Annotated[int, Field(ge=0, le=LARGEST_AMOUNT_MINOR)]
Currency = Annotated[str, Field(pattern="^[A-Z]{3}$")]
SourceName = Annotated[str, Field(min_length=1, max_length=50, pattern=r"^[a-z0-9._-]+$")]
SourceId = Annotated[str, Field(min_length=1, max_length=200)]
OrderState = Literal["unfulfilled", "shipped", "delivered", "cancelled"]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class InstrumentRecord(_Record):
    """A way to pay; `balance_minor` is what a gift card holds. `token` is what the gateway knows it by."""

    source_id: SourceId
    kind: Literal["card", "wallet", "gift_card"]
    gateway: Annotated[str, Field(pattern="^[a-z_]{1,20}$")]
    token: Annotated[str, Field(max_length=200, pattern=r"^[!-~]*$")] = ""
    brand: Annotated[str, Field(max_length=40)] = ""
    last_four: Annotated[str, Field(pattern="^([0-9]{4})?$")] = ""
    balance_minor: AmountMinor | None = None
    currency: Currency


class CustomerRecord(_Record):
    """A customer with their default address and instruments."""

    source_id: SourceId
    name: Annotated[str, Field(min_length=1, max_length=200)]
    email: Email | None = None
    address: Address | None = None
    instruments: Annotated[tuple[InstrumentRecord, ...], Field(max_length=50)] = ()


class OrderedUnit(_Record):
    """Units of a variant at the price they were sold for."""

    sku: Annotated[str, Field(min_length=1, max_length=100)]
    title: Annotated[str, Field(min_length=1, max_length=500)]
    option_values: Annotated[dict[str, str], Field(max_length=20)] = Field(default_factory=dict)
    quantity: Annotated[int, Field(ge=1, le=9999)] = 1
    unit_price_minor: AmountMinor


class ShipmentRecord(_Record):
    """A parcel and the lines in it, by their places in the order."""

    tracking_number: Annotated[str, Field(max_length=100)]
    lines: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(max_length=500)]


class PaymentRecord(_Record):
    """Money that came or went back, oldest first, through an instrument of the customer."""

    kind: Literal["payment", "refund"]
    amount_minor: Annotated[int, Field(ge=1, le=LARGEST_AMOUNT_MINOR)]
    instrument_source_id: SourceId


class OrderRecord(_Record):
    """An order without tax and shipping: its total is the sum of its lines."""

    source_id: SourceId
    number: Annotated[str, Field(min_length=1, max_length=60)]
    customer_source_id: SourceId
    currency: Currency
    state: OrderState
    cancel_reason: Annotated[str, Field(max_length=200)] = ""
    address: Address
    lines: Annotated[tuple[OrderedUnit, ...], Field(min_length=1, max_length=500)]
    shipments: Annotated[tuple[ShipmentRecord, ...], Field(max_length=100)] = ()
    payments: Annotated[tuple[PaymentRecord, ...], Field(max_length=100)] = ()
