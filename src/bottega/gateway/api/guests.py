"""Guests: a token that owns a cart and its order without an account."""

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from bottega.entrance import tokens
from bottega.gateway.answers import answer
from bottega.gateway.caller import Context
from bottega.gateway.problems import responses

router = APIRouter(prefix="/guests", tags=["sign-in"])


class Guest(BaseModel):
    """A new guest; keep the token, it is the only proof of what is theirs."""

    customer_id: str = Field(examples=["cus_01jd3gqz5t8m2n4p6r8s0v2x4z"])
    token: str


@router.post("", status_code=201, responses={201: {"model": Guest}, **responses()})
async def create_guest(context: Context) -> Response:
    """A token for a shopper without an account; nothing is stored until they use it."""
    customer_id, token = tokens.guest_token(context.token_key)
    context.known_guests.add(customer_id)
    return answer({"customer_id": customer_id, "token": token}, 201)
