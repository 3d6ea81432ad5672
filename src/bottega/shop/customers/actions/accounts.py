"""Accounts: registering, what people say about themselves, consent, and blocking."""

from typing import Annotated, Any, ClassVar

from pydantic import Field

from bottega.actions.action import Action, Personal
from bottega.actions.registry import Facts, handles
from bottega.actions.work import Work
from bottega.kernel.address import Email
from bottega.kernel.identifiers import CustomerId
from bottega.platform.database.pool import Row
from bottega.shop.customers.errors import (
    already_registered,
    customer_forgotten,
    email_taken,
    no_account,
    no_such_customer,
)
from bottega.shop.customers.model import Language

ACCOUNT_EMAIL = "account_email"

PersonName = Annotated[str, Field(min_length=1, max_length=200)]
Phone = Annotated[str, Field(max_length=40, pattern=r"^[0-9+()./ -]*$")]


class RegisterCustomer(Action):
    """Opens an account; a guest who registers under their own id keeps carts and orders.

    The password never comes here: the edge hashes it and stores the hash alongside.
    """

    groups: ClassVar[tuple[str, ...]] = ("own", "customers")
    customer_id: CustomerId
    email: Annotated[Email, Personal("email")]
    name: Annotated[PersonName, Personal("name")]
    phone: Annotated[Phone | None, Personal("phone")] = None
    language: Language = "en"
    marketing_consent: bool = False
    profiling_consent: bool = False


class ChangeProfile(Action):
    """Sets name, telephone and language; what is left out stays, an empty telephone removes it."""

    groups: ClassVar[tuple[str, ...]] = ("own", "customers", "account")
    customer_id: CustomerId
    name: Annotated[PersonName | None, Personal("name")] = None
    phone: Annotated[Phone | None, Personal("phone")] = None
    language: Language | None = None


class ChangeEmail(Action):
    """Gives the account another e-mail address, which is then what signs in."""

    groups: ClassVar[tuple[str, ...]] = ("own", "customers", "account")
    customer_id: CustomerId
    email: Annotated[Email, Personal("email")]


class SetConsent(Action):
    """Gives or withdraws consent to marketing mail and to profiling."""

    groups: ClassVar[tuple[str, ...]] = ("own", "customers", "light")
    customer_id: CustomerId
    marketing_consent: bool
    profiling_consent: bool


class BlockCustomer(Action):
    """Keeps a customer from signing in and ordering; open sessions end at once."""

    groups: ClassVar[tuple[str, ...]] = ("customers",)
    customer_id: CustomerId
    reason: Annotated[str, Field(min_length=1, max_length=200)]


class UnblockCustomer(Action):
    """Lets a blocked customer in again."""

    groups: ClassVar[tuple[str, ...]] = ("customers",)
    customer_id: CustomerId


async def customer_facts(action: Any, work: Work) -> Facts:
    """Loads and locks the customer; `own` when it is the actor."""
    row = await work.connection.fetchrow("SELECT * FROM shop.customers WHERE id = $1 FOR UPDATE", action.customer_id)
    own = action.customer_id == work.actor.customer_id
    if row is None or (work.actor.kind in ("customer", "agent") and work.actor.customer_id is not None and not own):
        raise no_such_customer(action.customer_id)
    if row["forgotten_at"] is not None:
        raise customer_forgotten(action.customer_id)
    work.loaded["customer"] = row
    return {"own": own, "customer_is_guest": row["kind"] == "guest"}


async def _registration_facts(action: RegisterCustomer, work: Work) -> Facts:
    return {"own": action.customer_id == work.actor.customer_id}


def the_customer(work: Work) -> Row:
    """The customer that the facts loaded."""
    customer: Row = work.loaded["customer"]
    return customer


def account(work: Work) -> Row:
    """The customer that the facts loaded; refused when it is a guest."""
    customer = the_customer(work)
    if customer["kind"] != "account":
        raise no_account(customer["id"])
    return customer


_REGISTER = """
INSERT INTO shop.customers AS c (
    id, kind, email_ref, name_ref, phone_ref, language, marketing_consent, profiling_consent, created_at)
VALUES ($1, 'account', $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (id) DO UPDATE SET
    kind = 'account', email_ref = excluded.email_ref, name_ref = excluded.name_ref, phone_ref = excluded.phone_ref,
    language = excluded.language, marketing_consent = excluded.marketing_consent,
    profiling_consent = excluded.profiling_consent
WHERE c.kind = 'guest' AND c.forgotten_at IS NULL AND NOT c.blocked
RETURNING id"""


@handles(RegisterCustomer, facts=_registration_facts)
async def register_customer(action: RegisterCustomer, work: Work) -> dict[str, Any]:
    await _claim_email(work, action.customer_id, action.email)
    personal = {"email": action.email, "name": action.name}
    if action.phone:
        personal["phone"] = action.phone
    references = await work.keep_all(action.customer_id, personal)
    registered = await work.connection.fetchval(
        _REGISTER,
        action.customer_id,
        references["email"],
        references["name"],
        references.get("phone"),
        action.language,
        action.marketing_consent,
        action.profiling_consent,
        work.now,
    )
    if registered is None:
        raise already_registered(action.customer_id)
    return {"customer_id": action.customer_id}


async def _claim_email(work: Work, customer_id: str, email: str) -> None:
    claimed = await work.connection.fetchval(
        "INSERT INTO vault.lookups (kind, digest, subject_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING 1",
        ACCOUNT_EMAIL,
        work.lookup_digest(ACCOUNT_EMAIL, email),
        customer_id,
    )
    if claimed is None:
        raise email_taken()


@handles(ChangeProfile, facts=customer_facts, undoable=True)
async def change_profile(action: ChangeProfile, work: Work) -> dict[str, Any]:
    customer = account(work)
    personal = {"name": action.name, "phone": action.phone}
    references = await work.keep_all(customer["id"], {kind: value for kind, value in personal.items() if value})
    await work.connection.execute(
        "UPDATE shop.customers SET name_ref = $2, phone_ref = $3, language = $4 WHERE id = $1",
        customer["id"],
        references.get("name", customer["name_ref"]),
        references.get("phone", None if action.phone == "" else customer["phone_ref"]),
        action.language or customer["language"],
    )
    return {"customer_id": customer["id"]}


@handles(ChangeEmail, facts=customer_facts)
async def change_email(action: ChangeEmail, work: Work) -> dict[str, Any]:
    customer = account(work)
    await work.connection.execute(
        "DELETE FROM vault.lookups WHERE subject_id = $1 AND kind = $2", customer["id"], ACCOUNT_EMAIL
    )
    await _claim_email(work, customer["id"], action.email)
    reference = await work.keep(customer["id"], "email", action.email)
    await work.connection.execute("UPDATE shop.customers SET email_ref = $2 WHERE id = $1", customer["id"], reference)
    return {"customer_id": customer["id"]}


@handles(SetConsent, facts=customer_facts, undoable=True)
async def set_consent(action: SetConsent, work: Work) -> dict[str, Any]:
    await work.connection.execute(
        "UPDATE shop.customers SET marketing_consent = $2, profiling_consent = $3 WHERE id = $1",
        action.customer_id,
        action.marketing_consent,
        action.profiling_consent,
    )
    return {
        "customer_id": action.customer_id,
        "marketing_consent": action.marketing_consent,
        "profiling_consent": action.profiling_consent,
    }


@handles(BlockCustomer, facts=customer_facts, undoable=True)
async def block_customer(action: BlockCustomer, work: Work) -> dict[str, Any]:
    await work.connection.execute("UPDATE shop.customers SET blocked = true WHERE id = $1", action.customer_id)
    await work.connection.execute(
        "UPDATE platform.sessions SET revoked_at = $2 WHERE subject_id = $1 AND revoked_at IS NULL",
        action.customer_id,
        work.now,
    )
    return {"customer_id": action.customer_id, "blocked": True}


@handles(UnblockCustomer, facts=customer_facts, undoable=True)
async def unblock_customer(action: UnblockCustomer, work: Work) -> dict[str, Any]:
    await work.connection.execute("UPDATE shop.customers SET blocked = false WHERE id = $1", action.customer_id)
    return {"customer_id": action.customer_id, "blocked": False}
