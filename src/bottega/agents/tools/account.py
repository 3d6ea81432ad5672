"""Tools about the customer themself: proving who they are, and what their account holds."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated

from pydantic import Field

from bottega.actions.effects import EffectDriver
from bottega.actions.preview import Preview
from bottega.actions.work import lookup_digest
from bottega.agents.chat.identification import identify, is_account, one_customer
from bottega.agents.tools import asking, wording
from bottega.agents.tools.change_tool import ChangeTool, Summary
from bottega.agents.tools.labels import ACCOUNT
from bottega.kernel.address import Address, Email
from bottega.kernel.errors import Forbidden, NotFound
from bottega.kernel.identifiers import AddressId
from bottega.platform.sign_in.codes import DIGITS
from bottega.platform.sign_in.credentials import begin_attempt, end_attempts
from bottega.runtime.context import RunContext
from bottega.runtime.evidence import Json
from bottega.runtime.tool import Answered, Tool
from bottega.runtime.tools import query_tool
from bottega.shop.customers.actions import ChangeAddress
from bottega.shop.customers.queries import get_customer
from bottega.shop.flows.sign_in import Claim, SignInRefused, find_subject, request_code, sign_in_with_code

# The runtime tells engines of our own what stands under this name.
SIGNED_IN_SLOT = "is_identified"
EMAIL_SLOT, CODES_SLOT = "sign_in_email", "codes_asked"
CODES_PER_CONVERSATION = 5
CODES_PER_HOUR = 6

Code = Annotated[str, Field(pattern=rf"^[0-9]{{{DIGITS}}}$", description=f"The {DIGITS} digits from the mail.")]
GuestOrderNumber = Annotated[str, Field(min_length=1, max_length=40)]


class AccountTools:
    """Identification, and the account's own data once it is proven."""

    def __init__(self, effects: EffectDriver) -> None:
        self._effects = effects

    def all(self, nouns: Mapping[str, str]) -> tuple[Tool, ...]:
        """The tools, in the order in which they are offered."""
        return (
            query_tool(
                self.request_sign_in_code,
                nouns=nouns,
                effect="light",
                accomplishes=frozenset({"sent", "mailed"}),
                asked_in=asking.IDENTITY,
            ),
            query_tool(
                self.enter_sign_in_code,
                nouns=nouns,
                effect="light",
                accomplishes=frozenset({"signed in", "identified", "verified"}),
                controls={"code": "reference"},
            ),
            query_tool(self.track_guest_order, nouns=nouns, controls={"number": "reference"}, opens_by_knowing=True),
            query_tool(self.get_account, nouns=nouns, labels=ACCOUNT),
            ChangeTool(
                self.change_account_address,
                self._effects,
                self._read_back,
                nouns=nouns,
                summarise=self._changing_address,
                accomplishes=frozenset({"changed", "updated", "saved"}),
                labels=ACCOUNT,
            ),
        )

    async def request_sign_in_code(self, context: RunContext, *, email: Email) -> Answered:
        """Mails a one-time code to the address of an account, so that the customer can prove that it is theirs.

        The answer is the same whether anybody has the address or not.
        """
        await _still_allowed(context)
        asked = int(context.slots.get(CODES_SLOT, 0))
        if asked >= CODES_PER_CONVERSATION:
            raise Forbidden(
                "too_many_codes",
                "No more codes are sent in this conversation.",
                next_step="The customer can sign in on the shop's pages instead.",
            )
        claim = Claim("customer", email)
        if not await self._had_enough(context, claim):
            await request_code(context.performer, claim, "sign_in", context.run.id)
        told = "If an account has this address, a code is on its way to it. It is valid for ten minutes."
        return Answered(
            {"requested": True, "message": told}, slots={EMAIL_SLOT: email, CODES_SLOT: asked + 1}, read_back=told
        )

    async def enter_sign_in_code(self, context: RunContext, *, code: Code) -> Answered:
        """Proves with the mailed code who the customer is; from then on their orders and account may be used."""
        await _still_allowed(context)
        email = context.slots.get(EMAIL_SLOT)
        if not isinstance(email, str):
            raise NotFound(
                "no_code_asked", "No code was asked for here.", next_step="Ask for the e-mail address first."
            )
        session_id, guest_id = context.run.session_id, context.customer_id
        if session_id is None or guest_id is None:
            raise NotFound("nobody_here", "Nobody is known in this conversation.", next_step="Open it as a guest.")
        claim = Claim("customer", email)
        async with context.performer.database.connection() as connection:
            if await is_account(connection, guest_id):
                if await find_subject(connection, context.performer, claim) == guest_id:
                    return _signed_in()
                raise one_customer()
            await begin_attempt(connection, _attempts(context, claim), context.now)
        customer_id = await sign_in_with_code(context.performer, claim, code)
        async with context.performer.database.connection() as connection:
            await end_attempts(connection, _attempts(context, claim))
        await identify(context.performer, session_id, guest_id, customer_id, "code")
        # What this run still does, it does for the customer who is known now.
        context.run = replace(context.run, principal=replace(context.run.principal, customer_id=customer_id))
        return _signed_in()

    async def track_guest_order(
        self, context: RunContext, *, number: GuestOrderNumber, email: Email
    ) -> dict[str, Json]:
        """How an order placed without an account stands: its states alone, for whoever knows number and e-mail.

        What is in it, where it goes and its parcels' numbers are told to nobody who is not signed in.
        """
        wanted = "".join(number.split()).upper()
        digest = lookup_digest(context.performer.lookup_key, "guest_order", wanted)
        async with context.performer.database.connection() as connection:
            await begin_attempt(connection, digest, context.now)
            row = await connection.fetchrow(_GUEST_ORDER, wanted)
            held = "" if row is None or row["email"] is None else str(row["email"])
            if row is None or held.strip().casefold() != email.strip().casefold():
                raise SignInRefused(
                    "order_not_found",
                    "There is no order with this number and e-mail address that was placed without an account.",
                    next_step="Check both; orders of an account are told after signing in.",
                )
            await end_attempts(connection, digest)
        shown = ("number", "status", "payment_status", "fulfilment_status", "placed_at")
        return {name: row[name].isoformat() if name == "placed_at" else row[name] for name in shown}

    async def get_account(self, context: RunContext) -> dict[str, Json]:
        """Name, e-mail, stored addresses, stored ways to pay and gift cards of the customer who is signed in."""
        return await self._read_back(context, {})

    async def change_account_address(
        self, context: RunContext, *, address_id: AddressId, address: Address
    ) -> ChangeAddress:
        """Changes a stored address of the account; orders that were placed keep theirs."""
        return ChangeAddress(customer_id=context.customer_id or "", address_id=address_id, address=address)

    async def _had_enough(self, context: RunContext, claim: Claim) -> bool:
        async with context.read() as connection:
            subject_id = await find_subject(connection, context.performer, claim)
            sent = await connection.fetchval(_CODES_SENT, subject_id, context.now)
        return int(sent) >= CODES_PER_HOUR

    async def _read_back(self, context: RunContext, _: Mapping[str, Json]) -> dict[str, Json]:
        async with context.read() as connection:
            if not await is_account(connection, context.customer_id):
                raise Forbidden(
                    "not_signed_in",
                    "Nobody is signed in.",
                    next_step="Have a one-time code mailed to the customer's address, or let them sign in.",
                )
            customer = await get_customer(connection, context.actor, context.customer_id or "")
        shown = customer.model_dump(mode="json", include=_ACCOUNT_SHOWN)
        balances = {card["id"]: card for card in shown["gift_cards"]}
        for instrument in shown["instruments"]:
            card = balances.get(instrument["gift_card_id"])
            instrument["balance_minor"] = None if card is None else card["balance_minor"]
        return shown

    async def _changing_address(self, _: RunContext, action: ChangeAddress, __: Preview) -> Summary:
        return Summary(f"Change the stored address of your account to {wording.address(action.address)}?")


async def _still_allowed(context: RunContext) -> None:
    """These two are no actions of the agent; its stop switch holds for them all the same."""
    async with context.read() as connection:
        if not await connection.fetchval("SELECT runtime.may_act($1)", context.role.name):
            raise Forbidden("agents_stopped", "Agents are stopped.", next_step="A colleague has to do this.")


def _attempts(context: RunContext, claim: Claim) -> bytes:
    return lookup_digest(context.performer.lookup_key, "chat_code", claim.email)


def _signed_in() -> Answered:
    return Answered({"signed_in": True}, slots={SIGNED_IN_SLOT: True}, read_back="signed in")


_ACCOUNT_SHOWN = {
    "id": True,
    "name": True,
    "email": True,
    "phone": True,
    "language": True,
    "marketing_consent": True,
    "addresses": {"__all__": {"id", "address", "is_default"}},
    "instruments": {"__all__": {"id", "kind", "brand", "last_four", "gift_card_id"}},
    "gift_cards": {"__all__": {"id", "currency", "balance_minor", "expires_at", "active"}},
}

_CODES_SENT = """
SELECT count(*) FROM platform.one_time_codes
WHERE subject_id = $1 AND purpose = 'sign_in' AND created_at > $2::timestamptz - interval '1 hour'"""

_GUEST_ORDER = """
SELECT o.number, o.status, o.payment_status, o.fulfilment_status, o.placed_at, vault.reveal(o.email_ref) AS email
FROM shop.orders o JOIN shop.customers c ON c.id = o.customer_id
WHERE o.number = $1 AND c.kind = 'guest'"""
