"""Personal values: they live in the vault alone, and what the log keeps of them proves nothing once they are gone."""

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, get_args

import pytest
from pydantic import BaseModel

from bottega.actions.action import Action, Personal, personal_fields
from bottega.actions.registry import registered_handlers
from bottega.actions.work import LONGEST_PERSONAL_VALUE_CHARACTERS
from bottega.bootstrap import load_shop
from bottega.kernel.errors import NotFound
from bottega.platform.database.pool import Database
from tests.actions.box_shop import BoxShop
from tests.actions.boxes import AGENT, CUSTOMER, OWNER, AddressBox, Misbehave, PutBox

EMAIL = "alice.very.personal@example.org"
ADDRESS = AddressBox(box_id="a", customer_id="cus_alice", email=EMAIL)


async def test_a_personal_value_is_in_no_other_table(boxes: BoxShop) -> None:
    """Done, held, denied, failed and repeated: entries, changes, approvals, denials, effects hold none of it."""
    await boxes.done(PutBox(box_id="a"))
    done = await boxes.done(ADDRESS, key="k")
    await boxes.done(ADDRESS, key="k")
    await boxes.held(ADDRESS, AGENT)
    await boxes.perform(ADDRESS, CUSTOMER)
    outside = await boxes.text_outside_the_vault()
    assert EMAIL not in outside
    assert await boxes.value("SELECT count(*) FROM log.denials") == 1
    (entry,) = await boxes.rows("SELECT arguments FROM log.entries WHERE id = $1", done.entry_id)
    reference = done.result["email_ref"]
    assert entry["arguments"].decode() == (
        f'{{"box_id":"a","customer_id":"cus_alice","email":{{"personal":"email","ref":"{reference}"}}}}'
    )
    assert reference in outside


async def test_a_personal_value_has_a_limit(boxes: BoxShop) -> None:
    await boxes.done(PutBox(box_id="a"))
    whole_book = ADDRESS.model_copy(update={"email": "x" * (LONGEST_PERSONAL_VALUE_CHARACTERS + 1)})
    assert await boxes.refused(whole_book) == "personal_value_too_long"
    assert await boxes.value("SELECT count(*) FROM vault.values") == 0


async def test_an_error_tells_no_personal_value(boxes: BoxShop) -> None:
    """A bug in a handler is raised without the rows that the database quotes."""
    await boxes.done(PutBox(box_id="a"))
    statement = "INSERT INTO vault.values VALUES ('per_1', NULL, 'email', $1, '', now())"
    with pytest.raises(Exception, match="violates not-null") as caught:
        await boxes.perform(Misbehave(box_id="a", statement=statement, argument=EMAIL))
    assert EMAIL not in str(caught.value)
    with pytest.raises(TypeError) as wrong:
        await boxes.perform(Misbehave(box_id="a", statement="SELECT $1::int", argument=EMAIL))
    assert EMAIL not in str(wrong.value)
    assert wrong.value.__cause__ is None
    assert wrong.value.__suppress_context__


async def test_a_reference_commits_to_its_value(boxes: BoxShop) -> None:
    await boxes.done(PutBox(box_id="a"))
    first = (await boxes.done(ADDRESS)).result["email_ref"]
    second = (await boxes.done(ADDRESS)).result["email_ref"]
    # Salted: equal values have references that tell nothing about each other.
    assert first.partition(".")[2] != second.partition(".")[2]
    async with boxes.database.write() as connection:
        work = boxes.performer.work(connection, "ent_x", OWNER)
        assert await work.reveal(first) == EMAIL
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute("UPDATE vault.values SET value = 'mallory@example.org'")
        with pytest.raises(AssertionError, match="committed to"):
            await work.reveal(first)


async def test_a_forgotten_value_is_not_revealed(boxes: BoxShop) -> None:
    await boxes.done(PutBox(box_id="a"))
    reference = (await boxes.done(ADDRESS)).result["email_ref"]
    async with boxes.database.write() as connection:
        await connection.execute("SELECT set_config('bottega.entry', 'forgetting', true)")
        await connection.execute("DELETE FROM vault.values")
        with pytest.raises(NotFound):
            await boxes.performer.work(connection, "ent_x", OWNER).reveal(reference)
    assert await boxes.value("SELECT vault.reveal($1)", reference) is None


async def test_look_ups_are_keyed_and_ignore_case(boxes: BoxShop, database_url: str) -> None:
    other = type(boxes.performer)(
        Database(database_url, *boxes.database.pools),
        boxes.performer.policy,
        boxes.jobs,
        boxes.clock,
        secret=b"another shop",
    )
    assert boxes.performer.lookup_key != other.lookup_key
    async with boxes.database.write() as connection:
        work = boxes.performer.work(connection, "ent_x", OWNER)
        assert work.lookup_digest("email", " Alice@Example.org") == work.lookup_digest("email", "alice@example.ORG ")
        assert work.lookup_digest("email", "a") != work.lookup_digest("phone", "a")
        assert work.lookup_digest("email", "a") != other.work(connection, "ent_x", OWNER).lookup_digest("email", "a")


class InUnion(Action):
    groups: ClassVar[tuple[str, ...]] = ("customers",)
    email: Annotated[str, Personal("email")] | None = None


class InList(Action):
    groups: ClassVar[tuple[str, ...]] = ("customers",)
    emails: list[Annotated[str, Personal("email")]]


class Contact(BaseModel):
    email: Annotated[str, Personal("email")]


class InRecord(Action):
    groups: ClassVar[tuple[str, ...]] = ("customers",)
    contacts: tuple[Contact, ...]


class Twice(Action):
    groups: ClassVar[tuple[str, ...]] = ("customers",)
    first: Annotated[str, Personal("email")]
    second: Annotated[str, Personal("email")]


@pytest.mark.parametrize("action", [InUnion, InList, InRecord, Twice])
def test_a_marker_that_would_be_overlooked_is_a_bug(action: type[Action]) -> None:
    with pytest.raises(AssertionError):
        personal_fields(action)


load_shop()
# What such names hold is about people; what is not says so here.
PERSONAL_NAMES = ("email", "phone", "address", "message", "body", "line1", "postal_code", "birth")
NOT_PERSONAL = ("_id", "_ids", "_digest", "_ref")


def named(model: type[BaseModel], seen: frozenset[type]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield name
        for inner in (field.annotation, *get_args(field.annotation)):
            if isinstance(inner, type) and issubclass(inner, BaseModel) and inner not in seen:
                yield from (f"{name}.{deeper}" for deeper in named(inner, seen | {inner}))


@pytest.mark.parametrize("name", sorted(registered_handlers()))
def test_no_action_of_the_shop_logs_what_is_about_a_person(name: str) -> None:
    action = registered_handlers()[name].action
    personal = personal_fields(action)
    suspicious: list[Any] = [
        path
        for path in named(action, frozenset({action}))
        if path.partition(".")[0] not in personal
        and any(word in path for word in PERSONAL_NAMES)
        and not path.endswith(NOT_PERSONAL)
    ]
    assert suspicious == []
