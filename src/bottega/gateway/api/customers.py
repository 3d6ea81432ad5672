"""Customers: registering, their profile, addresses, instruments, and what staff do about them."""

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from bottega.actions.actor import Actor, Cause
from bottega.entrance.identity import identify, refuse_other_sites
from bottega.gateway.answers import DEFAULT_PAGE, LARGEST_PAGE, Page, answer, answer_with_etag, decode_cursor, page
from bottega.gateway.api.sign_in import GivenPassword, NewPassword
from bottega.gateway.bodies import RequestBody
from bottega.gateway.caller import AnyCaller, Caller, Context, IdempotencyKey, Staff, outcome_answer
from bottega.gateway.problems import responses
from bottega.gateway.sessions import SessionForm, SignedIn, start_session
from bottega.kernel.address import Address, Email
from bottega.kernel.errors import Conflict
from bottega.kernel.identifiers import AddressId, CustomerId, InstrumentId, new_id
from bottega.platform.database.pool import Connection
from bottega.platform.sign_in.credentials import store_password
from bottega.platform.sign_in.passwords import hash_password
from bottega.shop.customers.actions import (
    AddAddress,
    AddInstrument,
    BlockCustomer,
    ChangeAddress,
    ChangeEmail,
    ChangeProfile,
    RegisterCustomer,
    RemoveAddress,
    RemoveInstrument,
    SetConsent,
    SetDefaultAddress,
    UnblockCustomer,
)
from bottega.shop.customers.actions.accounts import PersonName, Phone
from bottega.shop.customers.model import Customer, CustomerKind, CustomerSummary, GiftCard, Language
from bottega.shop.customers.queries import get_customer, list_customers
from bottega.shop.flows.forget_customer import ForgetCustomer
from bottega.shop.flows.sign_in import check_password

router = APIRouter(prefix="/customers", tags=["customers"])

CustomerPath = Annotated[CustomerId, Path()]
AddressPath = Annotated[AddressId, Path()]
InstrumentPath = Annotated[InstrumentId, Path()]


class ConsentBody(RequestBody):
    """What the customer agrees to."""

    marketing_consent: bool
    profiling_consent: bool


class RegistrationBody(RequestBody):
    """A new account; without a password one signs in by one-time codes."""

    email: Annotated[Email, Field(examples=["ada@example.com"])]
    name: Annotated[PersonName, Field(examples=["Ada Marchetti"])]
    password: NewPassword | None = None
    phone: Phone | None = None
    language: Language = "en"
    marketing_consent: bool = False
    profiling_consent: bool = False
    session: SessionForm = "bearer"


class ProfileBody(RequestBody):
    """What is left out stays; an empty telephone number removes it."""

    name: PersonName | None = None
    phone: Phone | None = None
    language: Language | None = None


class EmailBody(RequestBody):
    """The new address; customers with a password prove with it that it is them."""

    email: Email
    current_password: GivenPassword | None = None


class AddressBody(RequestBody):
    """An address for the book."""

    address: Address
    is_default: bool = False


class DefaultAddressBody(RequestBody):
    """One of the customer's addresses."""

    address_id: AddressId


class InstrumentBody(RequestBody):
    """The gateway's token of a card or wallet, never a card number."""

    kind: Annotated[str, Field(pattern="^(card|wallet)$")] = "card"
    gateway: Annotated[str, Field(pattern="^[a-z_]{1,20}$", examples=["sandbox"])]
    token: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[!-~]+$", examples=["sandbox_card_success"])]
    brand: Annotated[str, Field(max_length=40)] = ""
    last_four: Annotated[str, Field(pattern="^([0-9]{4})?$")] = ""


class BlockBody(RequestBody):
    """Why; kept in the log, so without personal details."""

    reason: Annotated[str, Field(min_length=1, max_length=200, examples=["Chargebacks"])]


class CustomerChanged(BaseModel):
    """What was changed; read the customer again for all of it."""

    customer_id: str
    address_id: str | None = None
    instrument_id: str | None = None


CHANGED: dict[int | str, dict[str, Any]] = {200: {"model": CustomerChanged}, **responses(404, 409)}
CREATED: dict[int | str, dict[str, Any]] = {201: {"model": CustomerChanged}, **responses(404, 409)}


@router.post("", status_code=201, responses={201: {"model": SignedIn | CustomerChanged}, **responses(409)})
async def register(
    request: Request, context: Context, body: RegistrationBody, idempotency_key: IdempotencyKey = None
) -> Response:
    """Opens an account and signs in; a guest who sends their token keeps cart and orders."""
    refuse_other_sites(request, context, certain=False)
    caller = await identify(request, context)
    if caller is not None and caller.role == "customer":
        raise Conflict("signed_in", "You have an account already.", next_step="Sign out first.")
    guest = caller if caller is not None and caller.kind == "customer" else None
    by = guest or (caller if caller is not None else Actor("customer", new_id("cus"), "guest"))
    customer_id = by.id if by.kind == "customer" else new_id("cus")
    password_hash = None if body.password is None else await hash_password(body.password.get_secret_value())

    async def keep_password(connection: Connection) -> None:
        if password_hash is not None:
            await store_password(connection, customer_id, password_hash, context.clock.now())

    outcome = await context.performer.perform(
        RegisterCustomer(customer_id=customer_id, **body.model_dump(exclude={"password", "session"})),
        by=by,
        key=idempotency_key,
        because=Cause("request", request.state.request_id),
        alongside=keep_password,
    )
    if by.kind != "customer":
        return outcome_answer(outcome, 201)
    outcome.unwrap()
    context.known_guests.remove(customer_id)
    return await start_session(request, context, "customer", customer_id, body.session)


@router.get("", responses={200: {"model": Page[CustomerSummary]}, **responses()})
async def list_all(
    caller: Staff,
    email: Annotated[Email | None, Query(description="The account with exactly this address.")] = None,
    kind: Annotated[CustomerKind | None, Query()] = None,
    blocked: Annotated[bool | None, Query()] = None,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = DEFAULT_PAGE,
) -> Response:
    """Customers, newest first."""
    find = partial(list_customers, lookup_key=caller.context.performer.lookup_key, email=email, kind=kind)
    async with caller.context.database.read() as connection:
        rows = await find(connection, blocked=blocked, before=decode_cursor(cursor), limit=limit + 1)
    return answer(page(rows, limit, lambda customer: customer.id))


@router.get("/{customer_id}", responses={200: {"model": Customer}, **responses(404)})
async def show(request: Request, caller: AnyCaller, customer_id: CustomerPath) -> Response:
    """A customer with addresses, instruments and gift cards; customers see themselves."""
    return answer_with_etag(request, (await _read(caller, customer_id)).model_dump(mode="json"))


@router.get("/{customer_id}/gift-cards", responses={200: {"model": list[GiftCard]}, **responses(404)})
async def gift_cards(caller: AnyCaller, customer_id: CustomerPath) -> Response:
    """The customer's gift cards with their balances."""
    return answer((await _read(caller, customer_id)).gift_cards)


@router.patch("/{customer_id}", responses=CHANGED)
async def change_profile(caller: AnyCaller, customer_id: CustomerPath, body: ProfileBody) -> Response:
    """Changes name, telephone and language."""
    return await caller.answer(ChangeProfile(customer_id=customer_id, **body.model_dump()))


@router.put("/{customer_id}/email", responses=CHANGED)
async def change_email(caller: AnyCaller, customer_id: CustomerPath, body: EmailBody) -> Response:
    """Changes the address that signs in."""
    if caller.actor.kind == "customer" and caller.actor.id == customer_id:
        given = None if body.current_password is None else body.current_password.get_secret_value()
        await check_password(caller.context.performer, customer_id, given)
    return await caller.answer(ChangeEmail(customer_id=customer_id, email=body.email))


@router.put("/{customer_id}/consent", responses=CHANGED)
async def set_consent(caller: AnyCaller, customer_id: CustomerPath, body: ConsentBody) -> Response:
    """Gives or withdraws consent."""
    return await caller.answer(SetConsent(customer_id=customer_id, **body.model_dump()))


@router.post("/{customer_id}/addresses", status_code=201, responses=CREATED)
async def add_address(caller: AnyCaller, customer_id: CustomerPath, body: AddressBody) -> Response:
    """Adds an address; the first one becomes the default."""
    action = AddAddress(customer_id=customer_id, address=body.address, is_default=body.is_default)
    return await caller.answer(action, status=201)


@router.put("/{customer_id}/addresses/{address_id}", responses=CHANGED)
async def change_address(
    caller: AnyCaller, customer_id: CustomerPath, address_id: AddressPath, body: Address
) -> Response:
    """Replaces an address."""
    return await caller.answer(ChangeAddress(customer_id=customer_id, address_id=address_id, address=body))


@router.delete("/{customer_id}/addresses/{address_id}", responses=CHANGED)
async def remove_address(caller: AnyCaller, customer_id: CustomerPath, address_id: AddressPath) -> Response:
    """Removes an address."""
    return await caller.answer(RemoveAddress(customer_id=customer_id, address_id=address_id))


@router.put("/{customer_id}/default-address", responses=CHANGED)
async def set_default_address(caller: AnyCaller, customer_id: CustomerPath, body: DefaultAddressBody) -> Response:
    """Chooses the default address."""
    return await caller.answer(SetDefaultAddress(customer_id=customer_id, address_id=body.address_id))


@router.post("/{customer_id}/instruments", status_code=201, responses=CREATED)
async def add_instrument(caller: AnyCaller, customer_id: CustomerPath, body: InstrumentBody) -> Response:
    """Stores a way to pay."""
    action = AddInstrument.model_validate({"customer_id": customer_id, **body.model_dump()})
    return await caller.answer(action, status=201)


@router.delete("/{customer_id}/instruments/{instrument_id}", responses=CHANGED)
async def remove_instrument(caller: AnyCaller, customer_id: CustomerPath, instrument_id: InstrumentPath) -> Response:
    """Removes a stored way to pay."""
    return await caller.answer(RemoveInstrument(customer_id=customer_id, instrument_id=instrument_id))


@router.put("/{customer_id}/block", responses=CHANGED)
async def block(caller: Staff, customer_id: CustomerPath, body: BlockBody) -> Response:
    """Blocks a customer; their sessions end at once."""
    outcome = await caller.perform(BlockCustomer(customer_id=customer_id, reason=body.reason))
    caller.context.known_guests.remove(customer_id)
    return outcome_answer(outcome)


@router.delete("/{customer_id}/block", responses=CHANGED)
async def unblock(caller: Staff, customer_id: CustomerPath) -> Response:
    """Lets a blocked customer in again."""
    return await caller.answer(UnblockCustomer(customer_id=customer_id))


@router.post("/{customer_id}/forgetting", responses=CHANGED)
async def forget(caller: AnyCaller, customer_id: CustomerPath) -> Response:
    """Deletes everything personal for good; orders stay as figures. For the customer themself and the owner."""
    outcome = await caller.perform(ForgetCustomer(customer_id=customer_id))
    caller.context.known_guests.remove(customer_id)
    return outcome_answer(outcome)


async def _read(caller: Caller, customer_id: str) -> Customer:
    async with caller.context.database.read() as connection:
        return await get_customer(connection, caller.actor, customer_id)
