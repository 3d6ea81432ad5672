"""API keys: programs that work for the shop, with a role and scopes."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import AwareDatetime, BaseModel, Field
from starlette.responses import Response

from bottega.actions.outcome import Done
from bottega.entrance import tokens
from bottega.gateway.answers import DEFAULT_PAGE, LARGEST_PAGE, Page, answer, decode_cursor, page
from bottega.gateway.bodies import RequestBody
from bottega.gateway.caller import Staff, outcome_answer
from bottega.gateway.problems import responses
from bottega.kernel.identifiers import ApiKeyId
from bottega.platform.database.pool import Connection
from bottega.shop.staff.actions import CreateApiKey, RevokeApiKey, bind_token
from bottega.shop.staff.model import ApiKey, Scope, StaffRole
from bottega.shop.staff.queries import get_api_key, list_api_keys

router = APIRouter(prefix="/api-keys", tags=["staff"])

KeyPath = Annotated[ApiKeyId, Path()]


class ApiKeyBody(RequestBody):
    """Scopes are groups of actions (see docs/policy.md), `read` for all reading, or `*`."""

    name: Annotated[str, Field(min_length=1, max_length=100, examples=["Warehouse scanner"])]
    role: StaffRole
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=50, examples=[["stock", "shipments"]])]
    expires_at: AwareDatetime | None = None


class ApiKeyMade(BaseModel):
    """A new key; the token is shown this once, and is null when the request was repeated."""

    key_id: str
    role: StaffRole
    scopes: list[str]
    token: str | None


class ApiKeyRevoked(BaseModel):
    """When it ended."""

    key_id: str
    revoked_at: datetime


@router.get("", responses={200: {"model": Page[ApiKey]}, **responses()})
async def list_all(
    caller: Staff,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = DEFAULT_PAGE,
) -> Response:
    """Every key, revoked ones included, oldest first."""
    async with caller.context.database.read() as connection:
        rows = await list_api_keys(connection, after=decode_cursor(cursor), limit=limit + 1)
    return answer(page(rows, limit, lambda key: key.id))


@router.post("", status_code=201, responses={201: {"model": ApiKeyMade}, **responses()})
async def create(caller: Staff, body: ApiKeyBody) -> Response:
    """Makes a key and shows its token once."""
    token, digest = tokens.random_token(tokens.API_KEY)

    async def bind(connection: Connection) -> None:
        await bind_token(connection, digest)

    outcome = await caller.perform(CreateApiKey.model_validate(body.model_dump()), alongside=bind)
    if not isinstance(outcome, Done) or outcome.repeated:
        return outcome_answer(outcome, 201)
    return answer({**outcome.result, "token": token}, 201, {"Cache-Control": "no-store"})


@router.get("/{key_id}", responses={200: {"model": ApiKey}, **responses(404)})
async def show(caller: Staff, key_id: KeyPath) -> Response:
    """One key, without its token."""
    async with caller.context.database.read() as connection:
        return answer(await get_api_key(connection, key_id))


@router.delete("/{key_id}", responses={200: {"model": ApiKeyRevoked}, **responses(404)})
async def revoke(caller: Staff, key_id: KeyPath) -> Response:
    """Ends a key at once."""
    return await caller.answer(RevokeApiKey(key_id=key_id))
