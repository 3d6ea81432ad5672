"""The form of a scripted conversation: what is said, what answers must hold, and how the shop must stand at the end."""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
MADE_IN_PLAY = frozenset({"new_order", "new_return", "new_ticket"})
"""Names that the shop gives during the conversation, bound after the answer that made them."""


class Record(BaseModel):
    """Frozen, and refusing fields that it does not know: a misspelt expectation would pass silently."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Line(Record):
    """So many of a variant."""

    sku: str
    quantity: Annotated[int, Field(ge=1)] = 1


class CardRule(Record):
    """What a product card's product must be; every named field must hold."""

    category: tuple[str, ...] = ()
    brand: tuple[str, ...] = ()
    handle: tuple[str, ...] = ()
    price_max_minor: int | None = None
    price_min_minor: int | None = None
    attributes: dict[str, str | int | float | bool] = {}


class CardsExpected(Record):
    """How many cards, and of what; `max` 0 means none."""

    min: int = 1
    max: int | None = None
    all: CardRule | None = None
    any: CardRule | None = None
    contains: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def none_at_all(cls, value: Any) -> Any:
        """A maximum of 0 implies a minimum of 0."""
        return {"min": 0, **value} if isinstance(value, dict) and value.get("max") == 0 else value


class Cited(Record):
    """A document that must be cited, in one of these sections if any are named."""

    document: str
    sections: tuple[str, ...] = ()


class Expected(Record):
    """What the answers to one turn must hold; what is not named is not looked at."""

    cards: CardsExpected | None = None
    cites: tuple[Cited, ...] | None = None
    confirmation: str | None = None
    amount_minor: int | None = None
    no_confirmation: bool = False
    asks: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    handover: bool | None = None
    mentions: tuple[str, ...] = ()
    mentions_any: tuple[str, ...] = ()
    amounts: tuple[int, ...] = ()
    numbers: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    cart: tuple[Line, ...] | None = None
    coupon: str | None = None
    about_card: Annotated[int, Field(ge=1)] | None = None
    unchanged: bool = False


class OrderStep(Record):
    """An order of this customer, lived through up to `state`."""

    step: Literal["order"]
    name: str
    customer: str | None = None
    lines: tuple[Line, ...]
    state: Literal["awaiting_payment", "paid", "shipped", "delivered"] = "paid"
    days_ago: int = 0
    delivered_days_ago: int | None = None
    shipping: str = "italy-standard"
    address: str = "home"
    paid_with: Literal["card", "stored_card"] = "card"
    coupon: str | None = None


class ReturnStep(Record):
    """A return of an order that was prepared or stands in the demo shop, up to `state`."""

    step: Literal["return"]
    name: str
    order: str
    lines: tuple[Line, ...]
    reason: str
    state: Literal["requested", "approved", "received", "completed"]


class StoredCardStep(Record):
    """A card that the customer keeps with the sandbox gateway."""

    step: Literal["stored_card"]
    brand: str
    last_four: str


class GiftCardStep(Record):
    """A gift card with this code and so much on it, of nobody in particular."""

    step: Literal["gift_card"]
    code: str
    amount_minor: int


class CartStep(Record):
    """What lies in the customer's cart before the first word."""

    step: Literal["cart"]
    lines: tuple[Line, ...]


class SoldOutStep(Record):
    """The last units of a variant go, at every location."""

    step: Literal["sold_out"]
    sku: str


class SignInStep(Record):
    """The person in the chat proves to be this customer."""

    step: Literal["sign_in"]
    customer: str


class PayPageStep(Record):
    """The person pays the newest unpaid order on the payment page, with a card that works."""

    step: Literal["pay_page"]


class DeliverStep(Record):
    """The warehouse sends an order, and with `arrived` the carrier brings it."""

    step: Literal["ship"]
    order: str
    arrived: bool = False


Step = Annotated[
    OrderStep
    | ReturnStep
    | StoredCardStep
    | GiftCardStep
    | CartStep
    | SoldOutStep
    | SignInStep
    | PayPageStep
    | DeliverStep,
    Field(discriminator="step"),
]


class Turn(Record):
    """The customer says something or presses a button, or something happens meanwhile."""

    say: str | None = None
    press: str | None = None
    meanwhile: Step | None = None
    expect: Expected = Expected()

    @model_validator(mode="after")
    def one_thing(self) -> Self:
        """Exactly one thing happens, and only answers are expected to hold something."""
        if sum(thing is not None for thing in (self.say, self.press, self.meanwhile)) != 1:
            raise ValueError("a turn has exactly one of say, press, meanwhile")
        if self.meanwhile is not None and self.expect != Expected():
            raise ValueError("nothing is answered to what happens meanwhile: expect it of the next turn")
        return self


class Placed(Record):
    """An order made in the conversation."""

    email: str | None = None
    lines: tuple[Line, ...]
    status: tuple[str, ...] = ("open",)
    payment_status: tuple[str, ...] = ("paid",)
    paid_with: str | None = None
    total_minor: int | None = None
    coupon: str | None = None
    shipping: str | None = None
    address: dict[str, str] = {}


class OrderState(Record):
    """How an order that was there before stands at the end."""

    status: str | None = None
    payment_status: tuple[str, ...] = ()
    fulfilment_status: str | None = None
    lines: tuple[Line, ...] | None = None
    total_minor: int | None = None
    refunded_minor: int | None = None
    address: dict[str, str] = {}


class ReturnedLine(Line):
    """A line that is sent back, and what comes in its place."""

    new_sku: str | None = None


class Returned(Record):
    """A return or exchange asked for in the conversation."""

    order: str
    kind: Literal["return", "exchange"] = "return"
    lines: tuple[ReturnedLine, ...]
    reason: tuple[str, ...] = ()
    state: tuple[str, ...] = ("requested", "approved")


class Tickets(Record):
    """How many tickets were opened, and about which order."""

    min: int = 1
    max: int | None = 1
    order: str | None = None


class End(Record):
    """The shop after the last turn; whatever is not named here must be as before, carts apart."""

    placed: tuple[Placed, ...] | None = None
    orders: dict[str, OrderState] = {}
    returns: tuple[Returned, ...] | None = None
    tickets: Tickets | None = None
    cart: tuple[Line, ...] | None = None
    coupon: str | None = None
    handed_over: bool | None = None
    unchanged: bool = False
    also_may_change: tuple[Literal["orders", "returns", "tickets", "account"], ...] = ()

    @model_validator(mode="after")
    def says_something(self) -> Self:
        """An end that names nothing would let anything pass; one that is unchanged changes nothing."""
        changes = self.placed or self.orders or self.returns or self.tickets or self.handed_over
        if self.unchanged and (changes or self.also_may_change):
            raise ValueError("an unchanged shop has no changes to name")
        if not self.unchanged and not changes and self.placed is None and not self.also_may_change:
            raise ValueError("name a change, or say unchanged")
        return self


def _spelt_out(value: Any) -> Any:
    """One text stands for a list of one: most answers are the same however often they are asked for."""
    return {key: [said] if isinstance(said, str) else said for key, said in value.items()}


Answers = Annotated[dict[str, tuple[str, ...]], BeforeValidator(_spelt_out)]


class Conversation(Record):
    """One scripted conversation."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")]
    title: str
    customer: str | None
    setup: tuple[Step, ...] = ()
    turns: Annotated[tuple[Turn, ...], Field(min_length=3, max_length=12)]
    answers: Answers = {}
    extra_turns: Annotated[int, Field(ge=0, le=10)] = 6
    end: End

    @model_validator(mode="after")
    def names_are_bound(self) -> Self:
        """Every placeholder is a name that a step or the shop gives."""
        bound = {step.name for step in self.setup if isinstance(step, OrderStep | ReturnStep)} | MADE_IN_PLAY
        unbound = set(PLACEHOLDER.findall(self.model_dump_json(exclude={"setup"}))) - bound
        if unbound:
            raise ValueError(f"nothing is named {', '.join(sorted(unbound))}")
        return self


def filled(text: str, names: dict[str, str]) -> str:
    """The text with its placeholders replaced by what they stand for; unknown ones stay."""
    return PLACEHOLDER.sub(lambda found: names.get(found[1], found[0]), text)
