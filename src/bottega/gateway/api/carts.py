"""Carts: gathering lines, contact, shipping and a coupon, and turning them into an order."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from bottega.gateway.answers import answer, answer_with_etag
from bottega.gateway.bodies import RequestBody
from bottega.gateway.caller import AnyCaller, Caller
from bottega.gateway.problems import responses
from bottega.kernel.address import Address, Email
from bottega.kernel.errors import Invalid
from bottega.kernel.identifiers import CartId, CartLineId, CustomerId, ShippingMethodId, VariantId
from bottega.shop.carts.actions import (
    AddCartLine,
    ChangeCartLine,
    ChooseShipping,
    CouponCode,
    CreateCart,
    Origin,
    Quantity,
    RemoveCartLine,
    SetCartContact,
    SetCoupon,
)
from bottega.shop.carts.model import Cart
from bottega.shop.carts.queries import get_cart
from bottega.shop.flows.cart_total import CartTotal, cart_total
from bottega.shop.flows.place_order import PlaceOrder

router = APIRouter(prefix="/carts", tags=["carts"])

CartPath = Annotated[CartId, Path()]
LinePath = Annotated[CartLineId, Path()]


class CreateCartBody(RequestBody):
    """All optional; staff name the customer they serve."""

    customer_id: CustomerId | None = None
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$", examples=["EUR"])] | None = None
    channel: Annotated[str, Field(pattern="^[a-z_]{1,20}$")] = "api"
    origin: Origin = ""


class LineBody(RequestBody):
    """A variant and how many of it."""

    variant_id: VariantId
    quantity: Quantity = 1


class QuantityBody(RequestBody):
    """How many."""

    quantity: Quantity


class ContactBody(RequestBody):
    """Who is told and where it goes."""

    email: Annotated[Email, Field(examples=["ada@example.com"])]
    shipping_address: Address
    billing_address: Address | None = None


class ShippingBody(RequestBody):
    """One of the methods of the country."""

    shipping_method_id: ShippingMethodId


class CouponBody(RequestBody):
    """The code as printed; upper and lower case are the same."""

    coupon_code: CouponCode


class OrderBody(RequestBody):
    """What the shopper was shown, so that nobody pays a total they have not seen."""

    expected_total_minor: Annotated[int, Field(ge=0, le=10**12)] | None = None


class CartChanged(BaseModel):
    """The cart after a change; read it again for its lines and total."""

    cart_id: str
    version: int
    line_id: str | None = None
    quantity: int | None = None
    coupon_code: str | None = None


class OrderPlaced(BaseModel):
    """The new order, unpaid."""

    order_id: str
    number: str
    total_minor: int
    currency: str
    payment_due_at: str


@router.post("", status_code=201, responses={201: {"model": CartChanged}, **responses(404, 409)})
async def create(caller: AnyCaller, body: CreateCartBody | None = None) -> Response:
    """An empty cart."""
    wanted = body or CreateCartBody()
    customer_id = wanted.customer_id or caller.actor.customer_id
    if customer_id is None:
        raise Invalid("customer_missing", "For whom is this cart?", next_step="Send customer_id.")
    action = CreateCart(customer_id=customer_id, currency=wanted.currency, channel=wanted.channel, origin=wanted.origin)
    return await caller.answer(action, status=201)


@router.get("/{cart_id}", responses={200: {"model": Cart}, **responses(404)})
async def show(request: Request, caller: AnyCaller, cart_id: CartPath) -> Response:
    """The cart with its lines at present prices."""
    async with caller.context.database.read() as connection:
        cart = await get_cart(connection, caller.actor, cart_id, caller.context.clock.now())
    return answer_with_etag(request, cart.model_dump(mode="json"))


@router.get("/{cart_id}/total", responses={200: {"model": CartTotal}, **responses(404, 409)})
async def total(caller: AnyCaller, cart_id: CartPath) -> Response:
    """What ordering would cost now: discounts, shipping and tax included, with the methods to choose from."""
    async with caller.context.database.read_snapshot() as connection:
        return answer(await cart_total(connection, caller.actor, cart_id, caller.context.clock.now()))


@router.post("/{cart_id}/lines", status_code=201, responses={201: {"model": CartChanged}, **responses(404, 409)})
async def add_line(caller: AnyCaller, cart_id: CartPath, body: LineBody) -> Response:
    """Adds a variant; what is there already gets more of it."""
    action = AddCartLine(cart_id=cart_id, variant_id=body.variant_id, quantity=body.quantity)
    return await caller.answer(action, status=201)


@router.put("/{cart_id}/lines/{line_id}", responses={200: {"model": CartChanged}, **responses(404, 409)})
async def change_line(caller: AnyCaller, cart_id: CartPath, line_id: LinePath, body: QuantityBody) -> Response:
    """Sets a line's quantity."""
    return await caller.answer(ChangeCartLine(cart_id=cart_id, line_id=line_id, quantity=body.quantity))


@router.delete("/{cart_id}/lines/{line_id}", responses={200: {"model": CartChanged}, **responses(404, 409)})
async def remove_line(caller: AnyCaller, cart_id: CartPath, line_id: LinePath) -> Response:
    """Takes a line out."""
    return await caller.answer(RemoveCartLine(cart_id=cart_id, line_id=line_id))


@router.put("/{cart_id}/contact", responses={200: {"model": CartChanged}, **responses(404, 409)})
async def set_contact(caller: AnyCaller, cart_id: CartPath, body: ContactBody) -> Response:
    """Sets e-mail and addresses."""
    return await caller.answer(
        SetCartContact(
            cart_id=cart_id,
            email=body.email,
            shipping_address=body.shipping_address,
            billing_address=body.billing_address,
            country=body.shipping_address.country,
        )
    )


@router.put("/{cart_id}/shipping", responses={200: {"model": CartChanged}, **responses(404, 409)})
async def set_shipping(caller: AnyCaller, cart_id: CartPath, body: ShippingBody) -> Response:
    """Chooses how it is shipped."""
    return await caller.answer(ChooseShipping(cart_id=cart_id, shipping_method_id=body.shipping_method_id))


@router.put("/{cart_id}/coupon", responses={200: {"model": CartChanged}, **responses(404, 409)})
async def set_coupon(caller: AnyCaller, cart_id: CartPath, body: CouponBody) -> Response:
    """Sets the coupon code."""
    return await caller.answer(SetCoupon(cart_id=cart_id, coupon_code=body.coupon_code))


@router.delete("/{cart_id}/coupon", responses={200: {"model": CartChanged}, **responses(404, 409)})
async def remove_coupon(caller: AnyCaller, cart_id: CartPath) -> Response:
    """Removes the coupon code."""
    return await caller.answer(SetCoupon(cart_id=cart_id, coupon_code=None))


@router.post("/{cart_id}/order", status_code=201, responses={201: {"model": OrderPlaced}, **responses(404, 409)})
async def place_order(caller: AnyCaller, cart_id: CartPath, body: OrderBody | None = None) -> Response:
    """Places the order: promises the stock and fixes the total; pay it next."""
    return await _place(caller, cart_id, body)


async def _place(caller: Caller, cart_id: str, body: OrderBody | None) -> Response:
    expected: Any = None if body is None else body.expected_total_minor
    return await caller.answer(
        PlaceOrder(cart_id=cart_id, expected_total_minor=expected), status=201, key_required=True
    )
