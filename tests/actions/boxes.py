"""Actions on boxes for the tests of the core: what they hold is paid out, moved, put into slots, and addressed."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Annotated, Any, ClassVar

from bottega.actions import registry
from bottega.actions.action import Action, Personal
from bottega.actions.actor import Actor
from bottega.actions.registry import Facts
from bottega.actions.work import Work
from bottega.kernel.errors import Conflict, NotFound

SCHEMA = """
CREATE TABLE shop.boxes (
    id        text COLLATE "C" PRIMARY KEY,
    amount    bigint NOT NULL CHECK (amount >= 0),
    weight    numeric,
    label     text UNIQUE,
    inside_id text COLLATE "C" REFERENCES shop.boxes,
    email_ref text
);
CREATE TABLE shop.slots (
    box_id  text COLLATE "C" NOT NULL REFERENCES shop.boxes,
    number  integer NOT NULL,
    content jsonb,
    PRIMARY KEY (box_id, number)
);
SELECT log.fold('shop.boxes');
SELECT log.fold('shop.slots');
-- A commit that takes its time, for losing the database in the middle of it.
CREATE FUNCTION shop.slow_commit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_sleep(5);
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER slow_commit AFTER INSERT ON shop.boxes DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.label = 'slow commit') EXECUTE FUNCTION shop.slow_commit();
"""

OWNER = Actor("staff", "stf_owner", "owner")
MANAGER = Actor("staff", "stf_manager", "manager")
OTHER_MANAGER = Actor("staff", "stf_other_manager", "manager")
SUPPORT = Actor("staff", "stf_support", "support")
WAREHOUSE = Actor("staff", "stf_warehouse", "warehouse")
CUSTOMER = Actor("customer", "cus_alice", "customer")
AGENT = Actor("agent", "agt_office", "office")

# Above the first a payout by support waits for a manager, above the second for two people.
LIMIT_MINOR = 1_000
SECOND_LIMIT_MINOR = 10_000
DAY_LIMIT_MINOR = 2_500


class PutBox(Action):
    """Makes a box."""

    groups: ClassVar[tuple[str, ...]] = ("stock",)
    box_id: str
    amount: int = 0
    weight: str | None = None
    label: str | None = None
    inside_id: str | None = None


class AddTo(Action):
    """Adds to boxes, one after the other; `patience_milliseconds` is how long to wait for another's lock."""

    groups: ClassVar[tuple[str, ...]] = ("stock",)
    box_ids: tuple[str, ...]
    amount: int = 1
    patience_milliseconds: int = 5_000


class TakeAll(Action):
    """Empties a box, which must hold something."""

    groups: ClassVar[tuple[str, ...]] = ("stock",)
    box_id: str


class FillSlots(Action):
    """Puts the same content into slots."""

    groups: ClassVar[tuple[str, ...]] = ("stock",)
    box_id: str
    numbers: tuple[int, ...]
    content: Any = None


class EmptySlots(Action):
    """Takes all slots of a box away, and the box with them if asked to."""

    groups: ClassVar[tuple[str, ...]] = ("stock",)
    box_id: str
    and_box: bool = False


class PayOut(Action):
    """Pays out of a box: the money of these tests."""

    groups: ClassVar[tuple[str, ...]] = ("money", "payments", "refunds")
    box_id: str
    amount_minor: int


class CountPayOut(Action):
    """Pays out of a box within what one person may pay out in a day."""

    groups: ClassVar[tuple[str, ...]] = ("money", "payments", "refunds")
    amount_minor: int


class AddressBox(Action):
    """Keeps whom a box goes to."""

    groups: ClassVar[tuple[str, ...]] = ("customers",)
    box_id: str
    customer_id: str
    email: Annotated[str, Personal("email")]


class Misbehave(Action):
    """Changes a box, then does what no handler may do."""

    groups: ClassVar[tuple[str, ...]] = ("stock",)
    box_id: str
    statement: str = ""
    argument: Any = None
    secret_of_customer: Annotated[str | None, Personal("secret_of_customer")] = None


class LeaveJobs(Action):
    """Leaves jobs and an effect, and refuses at the end if asked to."""

    groups: ClassVar[tuple[str, ...]] = ("stock",)
    jobs: int = 1
    effect_key: str | None = None
    refuse: bool = False


def handlers() -> dict[str, registry.Handler]:
    """The handler of each action, by name."""
    made = [
        registry.Handler(PutBox, put_box, None, None, True),
        registry.Handler(AddTo, add_to, None, None, True),
        registry.Handler(FillSlots, fill_slots, None, None, True),
        registry.Handler(EmptySlots, empty_slots, None, None, True),
        registry.Handler(AddressBox, address_box, None, None, True),
        registry.Handler(TakeAll, take_all, None, None, False),
        registry.Handler(Misbehave, misbehave, None, None, False),
        registry.Handler(LeaveJobs, leave_jobs, None, None, False),
        registry.Handler(PayOut, pay_out, pay_out_facts, at_stake, False),
        registry.Handler(CountPayOut, count_pay_out, count_pay_out_facts, at_stake, False),
    ]
    return {handler.action.action_name(): handler for handler in made}


async def put_box(action: PutBox, work: Work) -> dict[str, Any]:
    await work.connection.execute(
        "INSERT INTO shop.boxes (id, amount, weight, label, inside_id) VALUES ($1, $2, $3::text::numeric, $4, $5)",
        action.box_id,
        action.amount,
        action.weight,
        action.label,
        action.inside_id,
    )
    return {"box_id": action.box_id}


async def add_to(action: AddTo, work: Work) -> dict[str, Any]:
    await work.connection.execute(f"SET LOCAL lock_timeout = {action.patience_milliseconds}")
    totals: list[int] = []
    for box_id in action.box_ids:
        total = await work.connection.fetchval(
            "UPDATE shop.boxes SET amount = amount + $2 WHERE id = $1 RETURNING amount", box_id, action.amount
        )
        if total is None:
            raise NotFound("no_such_box", f"There is no box {box_id}.")
        totals.append(total)
    return {"totals": totals}


async def take_all(action: TakeAll, work: Work) -> dict[str, Any]:
    taken = await work.connection.fetchval("SELECT amount FROM shop.boxes WHERE id = $1 FOR UPDATE", action.box_id)
    if not taken:
        raise Conflict("box_empty", f"Box {action.box_id} is empty.")
    await work.connection.execute("UPDATE shop.boxes SET amount = 0 WHERE id = $1", action.box_id)
    return {"taken": taken}


async def fill_slots(action: FillSlots, work: Work) -> dict[str, Any]:
    await work.connection.execute(
        "INSERT INTO shop.slots (box_id, number, content) SELECT $1, number, $3 FROM unnest($2::int[]) AS number "
        "ON CONFLICT (box_id, number) DO UPDATE SET content = excluded.content",
        action.box_id,
        list(action.numbers),
        action.content,
    )
    return {"filled": len(action.numbers)}


async def empty_slots(action: EmptySlots, work: Work) -> dict[str, Any]:
    await work.connection.execute("DELETE FROM shop.slots WHERE box_id = $1", action.box_id)
    if action.and_box:
        await work.connection.execute("DELETE FROM shop.boxes WHERE id = $1", action.box_id)
    return {}


async def pay_out_facts(action: PayOut, work: Work) -> Facts:
    amount = await work.connection.fetchval("SELECT amount FROM shop.boxes WHERE id = $1 FOR UPDATE", action.box_id)
    if amount is None:
        raise NotFound("no_such_box", f"There is no box {action.box_id}.")
    return {
        "amount_minor": action.amount_minor,
        "refundable_minor": amount,
        "limit_minor": LIMIT_MINOR,
        "second_limit_minor": SECOND_LIMIT_MINOR,
    }


async def pay_out(action: PayOut, work: Work) -> dict[str, Any]:
    left = await work.connection.fetchval(
        "UPDATE shop.boxes SET amount = amount - $2 WHERE id = $1 RETURNING amount", action.box_id, action.amount_minor
    )
    await work.intend("test.pay_out", {"box_id": action.box_id}, key=f"pay_out:{work.entry_id}")
    return {"left": left}


async def count_pay_out_facts(action: CountPayOut, work: Work) -> Facts:
    """Counting locks the day's row until the end, so that concurrent requests see each other's sums."""
    given = await work.count("test_pay_outs", work.actor.id, action.amount_minor)
    return {
        "amount_minor": action.amount_minor,
        "refundable_minor": 1_000_000,
        "limit_minor": LIMIT_MINOR,
        "second_limit_minor": SECOND_LIMIT_MINOR,
        "refunded_today_minor": given,
        "day_limit_minor": DAY_LIMIT_MINOR,
    }


async def count_pay_out(action: CountPayOut, work: Work) -> dict[str, Any]:
    return {}


def at_stake(action: Any, facts: Facts) -> tuple[int, str]:
    return action.amount_minor, "EUR"


async def address_box(action: AddressBox, work: Work) -> dict[str, Any]:
    email_ref = await work.keep(action.customer_id, "email", action.email)
    await work.connection.execute("UPDATE shop.boxes SET email_ref = $2 WHERE id = $1", action.box_id, email_ref)
    return {"email_ref": email_ref}


async def misbehave(action: Misbehave, work: Work) -> dict[str, Any]:
    await work.connection.execute("UPDATE shop.boxes SET amount = amount + 1000 WHERE id = $1", action.box_id)
    if not action.statement:
        raise RuntimeError(f"no handler may fail over {action.secret_of_customer}")
    arguments = [] if action.argument is None else [action.argument]
    await work.connection.execute(action.statement, *arguments)
    return {}


async def leave_jobs(action: LeaveJobs, work: Work) -> dict[str, Any]:
    for _ in range(action.jobs):
        await work.enqueue("test.job", {})
    if action.effect_key is not None:
        await work.intend("test.effect", {}, key=action.effect_key)
    if action.refuse:
        raise Conflict("asked_to_refuse", "This was asked to refuse.")
    return {}


@contextmanager
def registered_boxes() -> Generator[None]:
    """The actions of the boxes have their handlers, for as long as this lasts."""
    made = handlers()
    registry._HANDLERS.update(made)
    yield
    for name in made:
        del registry._HANDLERS[name]
