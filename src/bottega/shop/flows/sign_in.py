"""Signing in: who an e-mail address and a password or one-time code belong to, and how codes are asked for."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from bottega.actions.action import Action
from bottega.actions.actor import Cause, system
from bottega.actions.perform import Performer
from bottega.actions.registry import handles
from bottega.actions.work import Work, lookup_digest
from bottega.kernel.errors import Forbidden
from bottega.platform.database.pool import Connection
from bottega.platform.sign_in.codes import Purpose, use_code, void_codes
from bottega.platform.sign_in.credentials import begin_attempt, end_attempts, password_hash_of, store_password
from bottega.platform.sign_in.passwords import hash_password, is_outdated, verify_password
from bottega.platform.sign_in.sessions import Audience, close_sessions
from bottega.shop.carts.actions import MergeCarts
from bottega.shop.customers.actions.accounts import ACCOUNT_EMAIL
from bottega.shop.staff.actions.members import STAFF_EMAIL

LOOKUP_KINDS: dict[Audience, str] = {"customer": ACCOUNT_EMAIL, "staff": STAFF_EMAIL}
PASSWORD_PURPOSES: tuple[Purpose, ...] = ("password_reset", "staff_invitation")


class SignInRefused(Forbidden):
    """Address and proof do not belong together; never says which of the two is wrong."""


class SendCode(Action):
    """Mails a one-time code; the code is made when the mail is sent and stands in no record."""

    groups: ClassVar[tuple[str, ...]] = ("system",)
    subject_id: Annotated[str, Field(pattern=r"^(cus|stf)_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    purpose: Literal["sign_in", "password_reset"]


@dataclass(frozen=True, slots=True)
class Claim:
    """The address that somebody says is theirs."""

    audience: Audience
    email: str


@handles(SendCode)
async def send_code(action: SendCode, work: Work) -> dict[str, Any]:
    await work.intend(f"mail.{action.purpose}", {"subject_id": action.subject_id}, key=f"code:{work.entry_id}")
    return {"subject_id": action.subject_id, "purpose": action.purpose}


async def sign_in_with_password(performer: Performer, claim: Claim, password: str) -> str:
    """The id of whom address and password belong to; `SignInRefused` or, after five failures, `SignInLocked`.

    Takes as long for an address that nobody has.
    """
    digest = digest_of(performer, claim)
    async with performer.database.connection() as connection:
        await begin_attempt(connection, digest, performer.clock.now())
        subject_id = await _may_sign_in(connection, claim, digest)
        password_hash = None if subject_id is None else await password_hash_of(connection, subject_id)
    if not await verify_password(password, password_hash) or subject_id is None or password_hash is None:
        raise _refused("The e-mail address or the password is wrong.")
    replacement = await hash_password(password) if is_outdated(password_hash) else None
    async with performer.database.write() as connection:
        await end_attempts(connection, digest)
        if replacement is not None:
            await store_password(connection, subject_id, replacement, performer.clock.now())
    return subject_id


async def sign_in_with_code(performer: Performer, claim: Claim, code: str) -> str:
    """The id of whom address and one-time code belong to; the code is used up."""
    return await _redeem(performer, claim, ("sign_in",), code)


async def choose_password(performer: Performer, claim: Claim, code: str, password: str) -> str:
    """Sets a new password with a mailed code and ends every session; the id of whose it is."""
    password_hash = await hash_password(password)
    subject_id = await _redeem(performer, claim, PASSWORD_PURPOSES, code)
    await replace_password(performer, subject_id, password_hash)
    async with performer.database.connection() as connection:
        await end_attempts(connection, digest_of(performer, claim))
    return subject_id


async def check_password(performer: Performer, subject_id: str, password: str | None) -> None:
    """Refuses unless this is the password of somebody who is signed in, or they never chose one."""
    digest = lookup_digest(performer.lookup_key, "password_change", subject_id)
    async with performer.database.connection() as connection:
        password_hash = await password_hash_of(connection, subject_id)
        if password_hash is None:
            return
        await begin_attempt(connection, digest, performer.clock.now())
    if not await verify_password(password or "", password_hash):
        raise SignInRefused(
            "wrong_password", "This is not your password until now.", next_step="Type it again, or have it reset."
        )
    async with performer.database.connection() as connection:
        await end_attempts(connection, digest)


async def replace_password(performer: Performer, subject_id: str, password_hash: str) -> None:
    """Stores a hash; every session and every code that is out ends with the old one."""
    now = performer.clock.now()
    async with performer.database.write() as connection:
        await store_password(connection, subject_id, password_hash, now)
        await close_sessions(connection, subject_id, now)
        await void_codes(connection, subject_id)


async def request_code(
    performer: Performer, claim: Claim, purpose: Literal["sign_in", "password_reset"], request_id: str
) -> bool:
    """Mails a code to the address if somebody has it. The caller answers the same either way, and as fast."""
    async with performer.database.read() as connection:
        subject_id = await _may_sign_in(connection, claim, digest_of(performer, claim))
    if subject_id is None:
        return False
    action = SendCode(subject_id=subject_id, purpose=purpose)
    await performer.perform(action, by=system("sign_in"), because=Cause("request", request_id))
    return True


async def find_subject(connection: Connection, performer: Performer, claim: Claim) -> str | None:
    """The id of whoever may sign in with an address, or None."""
    return await _may_sign_in(connection, claim, digest_of(performer, claim))


async def take_over_cart(performer: Performer, guest_id: str, customer_id: str, request_id: str) -> str | None:
    """Moves a guest's open cart to the customer who signed in; the id of the cart they have now."""
    outcome = await performer.perform(
        MergeCarts(guest_id=guest_id, customer_id=customer_id),
        by=system("sign_in"),
        because=Cause("request", request_id),
    )
    return outcome.unwrap()["cart_id"]


def digest_of(performer: Performer, claim: Claim) -> bytes:
    """The keyed digest under which an address is looked up and its failures are counted."""
    return lookup_digest(performer.lookup_key, LOOKUP_KINDS[claim.audience], claim.email)


async def _redeem(performer: Performer, claim: Claim, purposes: tuple[Purpose, ...], code: str) -> str:
    async with performer.database.connection() as connection:
        subject_id = await _may_sign_in(connection, claim, digest_of(performer, claim))
        # An address that nobody has is asked for as well, so that both take the same statements.
        proven = await use_code(
            connection, performer.lookup_key, purposes, subject_id or "nobody", code, performer.clock.now()
        )
    if subject_id is None or not proven:
        raise _refused("The e-mail address or the code is wrong, or the code is too old or used up.")
    return subject_id


async def _may_sign_in(connection: Connection, claim: Claim, digest: bytes) -> str | None:
    return await connection.fetchval(
        "SELECT l.subject_id FROM vault.lookups l LEFT JOIN shop.customers c ON c.id = l.subject_id "
        "LEFT JOIN shop.staff s ON s.id = l.subject_id WHERE l.kind = $1 AND l.digest = $2 "
        "AND (s.active OR (c.kind = 'account' AND NOT c.blocked AND c.forgotten_at IS NULL))",
        LOOKUP_KINDS[claim.audience],
        digest,
    )


def _refused(message: str) -> SignInRefused:
    return SignInRefused(
        "sign_in_refused", message, next_step="Check both, or ask for a one-time code at POST /api/sign-in/codes."
    )
