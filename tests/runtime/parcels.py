"""A small trade for the tests of the runtime: parcels that customers send, and prices that the office changes."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Annotated, Any, ClassVar

from pydantic import Field

from bottega.actions import registry
from bottega.actions.action import Action
from bottega.actions.actor import Actor
from bottega.actions.registry import Facts
from bottega.actions.work import Work
from bottega.kernel.address import Address
from bottega.kernel.errors import Conflict, NotFound

SCHEMA = """
CREATE TABLE shop.goods (
    id          text COLLATE "C" PRIMARY KEY,
    title       text NOT NULL,
    price_minor bigint NOT NULL,
    review      text NOT NULL DEFAULT ''
);
CREATE TABLE shop.parcels (
    id          text COLLATE "C" PRIMARY KEY,
    customer_id text NOT NULL,
    state       text NOT NULL DEFAULT 'open',
    total_minor bigint NOT NULL DEFAULT 0,
    city        text
);
CREATE TABLE shop.parcel_lines (
    parcel_id text COLLATE "C" NOT NULL REFERENCES shop.parcels,
    good_id   text COLLATE "C" NOT NULL REFERENCES shop.goods,
    quantity  integer NOT NULL,
    PRIMARY KEY (parcel_id, good_id)
);
SELECT log.fold('shop.goods');
SELECT log.fold('shop.parcels');
SELECT log.fold('shop.parcel_lines');
"""

GoodId = Annotated[str, Field(pattern=r"^gud_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
ParcelId = Annotated[str, Field(pattern=r"^par_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
NOUNS = {"gud": "good", "par": "parcel"}
SPEND_LIMIT_MINOR = 50_000

OWNER = Actor("staff", "stf_owner", "owner")
MANAGER = Actor("staff", "stf_manager", "manager")


class StockGood(Action):
    """Offers something."""

    groups: ClassVar[tuple[str, ...]] = ("catalogue",)
    good_id: GoodId
    title: str
    price_minor: int
    review: str = ""


class RepriceGood(Action):
    """Sets the price of a good."""

    groups: ClassVar[tuple[str, ...]] = ("prices",)
    good_id: GoodId
    price_minor: int


class WithdrawGood(Action):
    """Takes a good out of the offer."""

    groups: ClassVar[tuple[str, ...]] = ("catalogue",)
    good_id: GoodId


class OpenParcel(Action):
    """Opens a parcel."""

    groups: ClassVar[tuple[str, ...]] = ("own", "carts", "light")
    customer_id: Annotated[str, Field(min_length=1)]


class AddToParcel(Action):
    """Puts a good into a parcel."""

    groups: ClassVar[tuple[str, ...]] = ("own", "carts", "light")
    parcel_id: ParcelId
    good_id: GoodId
    quantity: Annotated[int, Field(ge=1, le=99)] = 1


class SendParcel(Action):
    """Sends a parcel to an address; it is paid on delivery."""

    groups: ClassVar[tuple[str, ...]] = ("own", "carts", "orders")
    parcel_id: ParcelId
    to: Address
    expected_total_minor: int


ACTIONS = (StockGood, RepriceGood, WithdrawGood, OpenParcel, AddToParcel, SendParcel)


async def _parcel_facts(action: Any, work: Work) -> Facts:
    row = await work.connection.fetchrow("SELECT * FROM shop.parcels WHERE id = $1 FOR UPDATE", action.parcel_id)
    if row is None or (work.actor.kind in ("customer", "agent") and row["customer_id"] != work.actor.customer_id):
        raise NotFound("no_such_parcel", f"There is no parcel {action.parcel_id}.")
    work.loaded["parcel"] = row
    return {
        "own": row["customer_id"] == work.actor.customer_id,
        "total_minor": row["total_minor"],
        "spend_limit_minor": SPEND_LIMIT_MINOR,
    }


async def _opening_facts(action: OpenParcel, work: Work) -> Facts:
    return {"own": action.customer_id == work.actor.customer_id}


async def _price_facts(action: RepriceGood, work: Work) -> Facts:
    before = await work.connection.fetchval("SELECT price_minor FROM shop.goods WHERE id = $1", action.good_id)
    if before is None:
        raise NotFound("no_such_good", f"There is no good {action.good_id}.")
    return {"price_minor": action.price_minor, "change_percent": round(100 * (action.price_minor - before) / before)}


async def stock_good(action: StockGood, work: Work) -> dict[str, Any]:
    await work.connection.execute(
        "INSERT INTO shop.goods (id, title, price_minor, review) VALUES ($1, $2, $3, $4)",
        action.good_id,
        action.title,
        action.price_minor,
        action.review,
    )
    return {"good_id": action.good_id}


async def reprice_good(action: RepriceGood, work: Work) -> dict[str, Any]:
    await work.connection.execute(
        "UPDATE shop.goods SET price_minor = $2 WHERE id = $1", action.good_id, action.price_minor
    )
    return {"good_id": action.good_id, "price_minor": action.price_minor}


async def withdraw_good(action: WithdrawGood, work: Work) -> dict[str, Any]:
    gone = await work.connection.fetchval("DELETE FROM shop.goods WHERE id = $1 RETURNING id", action.good_id)
    if gone is None:
        raise NotFound("no_such_good", f"There is no good {action.good_id}.")
    return {"good_id": action.good_id}


async def open_parcel(action: OpenParcel, work: Work) -> dict[str, Any]:
    parcel_id = work.new_id("par")
    await work.connection.execute(
        "INSERT INTO shop.parcels (id, customer_id) VALUES ($1, $2)", parcel_id, action.customer_id
    )
    return {"parcel_id": parcel_id}


async def add_to_parcel(action: AddToParcel, work: Work) -> dict[str, Any]:
    if work.loaded["parcel"]["state"] != "open":
        raise Conflict("parcel_sent", "The parcel is sent already.", next_step="Open another one.")
    price = await work.connection.fetchval("SELECT price_minor FROM shop.goods WHERE id = $1", action.good_id)
    if price is None:
        raise NotFound("no_such_good", f"There is no good {action.good_id}.")
    await work.connection.execute(
        "INSERT INTO shop.parcel_lines AS l (parcel_id, good_id, quantity) VALUES ($1, $2, $3) "
        "ON CONFLICT (parcel_id, good_id) DO UPDATE SET quantity = l.quantity + excluded.quantity",
        action.parcel_id,
        action.good_id,
        action.quantity,
    )
    total = await work.connection.fetchval(
        "UPDATE shop.parcels SET total_minor = total_minor + $2 WHERE id = $1 RETURNING total_minor",
        action.parcel_id,
        price * action.quantity,
    )
    return {"parcel_id": action.parcel_id, "total_minor": total, "currency": "EUR"}


async def send_parcel(action: SendParcel, work: Work) -> dict[str, Any]:
    parcel = work.loaded["parcel"]
    if parcel["state"] != "open":
        raise Conflict("parcel_sent", "The parcel is sent already.", next_step="Open another one.")
    if parcel["total_minor"] != action.expected_total_minor:
        raise Conflict("total_changed", f"The total is {parcel['total_minor']} now.", next_step="Ask again.")
    await work.connection.execute(
        "UPDATE shop.parcels SET state = 'sent', city = $2 WHERE id = $1", action.parcel_id, action.to.city
    )
    return {"parcel_id": action.parcel_id, "total_minor": parcel["total_minor"], "currency": "EUR"}


@contextmanager
def registered_parcels() -> Generator[None]:
    """The handlers, for as long as the block lasts: other tests enumerate what is registered."""
    if StockGood.action_name() in registry._HANDLERS:
        # A second workshop in the same process.
        yield
        return
    try:
        registry.handles(StockGood)(stock_good)
        registry.handles(RepriceGood, facts=_price_facts)(reprice_good)
        registry.handles(WithdrawGood)(withdraw_good)
        registry.handles(OpenParcel, facts=_opening_facts)(open_parcel)
        registry.handles(AddToParcel, facts=_parcel_facts)(add_to_parcel)
        registry.handles(SendParcel, facts=_parcel_facts)(send_parcel)
        yield
    finally:
        for action in ACTIONS:
            registry._HANDLERS.pop(action.action_name(), None)
