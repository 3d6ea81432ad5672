"""Customers as they are read, and customers that come from another shop."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from bottega.kernel.address import Address

CustomerKind = Literal["account", "guest"]
InstrumentKind = Literal["card", "wallet", "gift_card", "bank_transfer"]
Language = Annotated[str, Field(pattern="^[a-z]{2}(-[A-Z]{2})?$", examples=["en"])]


class StoredAddress(BaseModel):
    """An address in a customer's address book."""

    model_config = ConfigDict(frozen=True)

    id: str
    address: Address
    is_default: bool
    created_at: datetime


class Instrument(BaseModel):
    """A stored way to pay; the gateway keeps what is secret about it."""

    model_config = ConfigDict(frozen=True)

    id: str
    kind: InstrumentKind
    gateway: str
    brand: str
    last_four: str
    gift_card_id: str | None
    created_at: datetime


class GiftCard(BaseModel):
    """A gift card of a customer."""

    model_config = ConfigDict(frozen=True)

    id: str
    currency: str
    balance_minor: int
    expires_at: datetime | None
    active: bool
    created_at: datetime


class CustomerSummary(BaseModel):
    """A customer in a list; personal values are null once they were forgotten."""

    model_config = ConfigDict(frozen=True)

    id: str
    kind: CustomerKind
    email: str | None
    name: str | None
    phone: str | None
    language: str
    marketing_consent: bool
    profiling_consent: bool
    blocked: bool
    created_at: datetime
    forgotten_at: datetime | None


class Customer(CustomerSummary):
    """A customer with everything that is stored for them."""

    addresses: list[StoredAddress]
    instruments: list[Instrument]
    gift_cards: list[GiftCard]


@dataclass(frozen=True, slots=True)
class NewGiftCard:
    """A gift card to take over; its balance is posted to the ledger by whoever inserts it."""

    currency: str
    balance_minor: int


@dataclass(frozen=True, slots=True)
class NewInstrument:
    """A stored way to pay to take over; `token` is the gateway's reference, empty when nothing can be charged."""

    kind: InstrumentKind
    gateway: str
    token: str = ""
    brand: str = ""
    last_four: str = ""
    source_id: str = ""
    gift_card: NewGiftCard | None = None


@dataclass(frozen=True, slots=True)
class NewCustomer:
    """A customer to insert; the first address becomes the default one.

    `source_id` is what another shop calls them. It often holds their name, so rows keep a keyed digest of it.
    """

    name: str
    email: str | None = None
    phone: str | None = None
    language: str = "en"
    marketing_consent: bool = False
    profiling_consent: bool = False
    addresses: tuple[Address, ...] = ()
    instruments: tuple[NewInstrument, ...] = ()
    gift_cards: tuple[NewGiftCard, ...] = ()
    source: str = ""
    source_id: str = field(default="", repr=False)
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class InsertedCustomer:
    """What an inserted customer's rows are called, in the order in which they were given.

    `gift_card_ids` are first those of `gift_cards`, then those of the instruments that have one. A customer whose
    e-mail address belongs to an account already is kept as a guest.
    """

    id: str
    kind: CustomerKind
    address_ids: tuple[str, ...]
    instrument_ids: tuple[str, ...]
    gift_card_ids: tuple[str, ...]
