"""Orders: reading them, and what staff and customers do with them."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from bottega.gateway.answers import DEFAULT_PAGE, LARGEST_PAGE, Page, answer, answer_with_etag, decode_cursor, page
from bottega.gateway.bodies import RequestBody
from bottega.gateway.caller import AnyCaller, Staff
from bottega.gateway.problems import responses
from bottega.kernel.identifiers import CustomerId, OrderId
from bottega.shop.orders.actions import AddOrderNote, HoldOrder, ReleaseOrder, TagOrder
from bottega.shop.orders.model import FulfilmentStatus, Order, OrderStatus, OrderSummary, PaymentStatus
from bottega.shop.orders.queries import get_order, list_orders, order_history

router = APIRouter(prefix="/orders", tags=["orders"])

OrderPath = Annotated[OrderId, Path()]


class HoldBody(RequestBody):
    """Why the order must wait."""

    reason: Annotated[str, Field(min_length=1, max_length=200, examples=["Address does not exist"])]


class NoteBody(RequestBody):
    """A note for colleagues."""

    text: Annotated[str, Field(min_length=1, max_length=5000)]


class TagsBody(RequestBody):
    """All of the order's tags."""

    tags: Annotated[list[Annotated[str, Field(min_length=1, max_length=40)]], Field(max_length=20)]


class StatusChanged(BaseModel):
    """The order's status afterwards."""

    order_id: str
    status: OrderStatus


class NoteAdded(BaseModel):
    """The new note."""

    order_id: str
    note_id: str


class Tagged(BaseModel):
    """The order's tags afterwards."""

    order_id: str
    tags: list[str]


@router.get("", responses={200: {"model": Page[OrderSummary]}, **responses()})
async def list_all(
    caller: AnyCaller,
    customer_id: Annotated[CustomerId | None, Query()] = None,
    status: Annotated[OrderStatus | None, Query()] = None,
    payment_status: Annotated[PaymentStatus | None, Query()] = None,
    fulfilment_status: Annotated[FulfilmentStatus | None, Query()] = None,
    placed_from: Annotated[datetime | None, Query()] = None,
    placed_before: Annotated[datetime | None, Query()] = None,
    number: Annotated[str | None, Query(max_length=40)] = None,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = DEFAULT_PAGE,
) -> Response:
    """Orders, newest first; customers see their own."""
    async with caller.context.database.read() as connection:
        rows = await list_orders(
            connection,
            caller.actor,
            customer_id=customer_id,
            status=status,
            payment_status=payment_status,
            fulfilment_status=fulfilment_status,
            placed_from=placed_from,
            placed_before=placed_before,
            number=number,
            before=decode_cursor(cursor),
            limit=limit + 1,
        )
    return answer(page(rows, limit, lambda order: order.id))


@router.get("/{order_id}", responses={200: {"model": Order}, **responses(404)})
async def show(request: Request, caller: AnyCaller, order_id: OrderPath) -> Response:
    """One order with everything that belongs to it."""
    async with caller.context.database.read() as connection:
        order = await get_order(connection, caller.actor, order_id)
    return answer_with_etag(request, order.model_dump(mode="json"))


@router.get("/{order_id}/history", responses={200: {"model": list[dict[str, Any]]}, **responses(404)})
async def history(caller: AnyCaller, order_id: OrderPath) -> Response:
    """What happened to the order, oldest first."""
    async with caller.context.database.read_snapshot() as connection:
        return answer(await order_history(connection, caller.actor, order_id))


@router.put("/{order_id}/hold", responses={200: {"model": StatusChanged}, **responses(404, 409)})
async def hold(caller: Staff, order_id: OrderPath, body: HoldBody) -> Response:
    """Stops the order from being shipped."""
    return await caller.answer(HoldOrder(order_id=order_id, reason=body.reason), key_required=True)


@router.delete("/{order_id}/hold", responses={200: {"model": StatusChanged}, **responses(404, 409)})
async def release(caller: Staff, order_id: OrderPath) -> Response:
    """Lets a held order go on."""
    return await caller.answer(ReleaseOrder(order_id=order_id), key_required=True)


@router.post("/{order_id}/notes", status_code=201, responses={201: {"model": NoteAdded}, **responses(404)})
async def add_note(caller: AnyCaller, order_id: OrderPath, body: NoteBody) -> Response:
    """Adds a note: for colleagues, or a customer's to the shop on their own order."""
    return await caller.answer(AddOrderNote(order_id=order_id, text=body.text), status=201)


@router.put("/{order_id}/tags", responses={200: {"model": Tagged}, **responses(404)})
async def tag(caller: Staff, order_id: OrderPath, body: TagsBody) -> Response:
    """Sets the order's tags."""
    return await caller.answer(TagOrder(order_id=order_id, tags=body.tags))
