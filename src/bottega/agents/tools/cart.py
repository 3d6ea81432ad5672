"""Tools about the customer's cart: small changes that are easily taken back, so nobody is asked to confirm them."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any

from pydantic import Field

from bottega.actions.action import Action
from bottega.actions.effects import EffectDriver
from bottega.agents.tools import asking
from bottega.agents.tools.cart_records import cart_shown, needed_cart_id
from bottega.agents.tools.change_tool import ChangeTool
from bottega.agents.tools.labels import CART
from bottega.kernel.address import Address, Email
from bottega.kernel.errors import Invalid, NotFound
from bottega.kernel.identifiers import AddressId, CartLineId, ShippingMethodId, VariantId
from bottega.platform.database.pool import Connection
from bottega.runtime.context import RunContext
from bottega.runtime.evidence import Json
from bottega.runtime.tool import Tool
from bottega.runtime.tools import query_tool
from bottega.shop.carts.actions import (
    ChangeCartLine,
    ChooseShipping,
    CouponCode,
    Quantity,
    RemoveCartLine,
    SetCartContact,
    SetCoupon,
)
from bottega.shop.carts.filling import FillCart
from bottega.shop.carts.queries import get_cart
from bottega.shop.customers.queries import get_customer
from bottega.shop.flows.apply_coupon import ApplyCoupon

NewQuantity = Annotated[int, Field(ge=0, le=9999, description="0 takes the line out.")]


class CartTools:
    """What a customer does with their cart."""

    def __init__(self, effects: EffectDriver) -> None:
        self._effects = effects

    def all(self, nouns: Mapping[str, str]) -> tuple[Tool, ...]:
        """The tools, in the order in which they are offered."""
        changes: dict[Callable[..., Awaitable[Action]], tuple[frozenset[str], frozenset[str]]] = {
            self.add_to_cart: (asking.CART, frozenset({"added", "put", "placed"})),
            self.change_cart_line: (
                asking.CART,
                frozenset({"changed", "updated", "set", "removed", "taken", "reduced", "increased"}),
            ),
            self.set_cart_contact: (asking.CONTACT, frozenset({"set", "changed", "updated", "noted", "saved"})),
            self.choose_shipping: (asking.SHIPPING, frozenset({"chosen", "set", "changed", "selected"})),
            self.apply_coupon: (asking.COUPON, frozenset({"applied", "added", "redeemed"})),
            self.remove_coupon: (asking.COUPON, frozenset({"removed", "taken"})),
        }
        return (
            query_tool(self.get_cart, nouns=nouns, labels=CART),
            *(
                ChangeTool(
                    build,
                    self._effects,
                    self._read_back,
                    effect="light",
                    nouns=nouns,
                    accomplishes=words,
                    asked_in=asked_in,
                    labels=CART,
                )
                for build, (asked_in, words) in changes.items()
            ),
        )

    async def get_cart(self, context: RunContext) -> dict[str, Json]:
        """The customer's cart: lines, sums, where it goes, the shipping methods to choose from, and what is missing."""
        return await self._read_back(context, {})

    async def add_to_cart(self, context: RunContext, *, variant_id: VariantId, quantity: Quantity = 1) -> FillCart:
        """Puts a variant into the customer's cart; one that is there already gets more of it."""
        session = context.run.session_id or context.run.id
        return FillCart(
            customer_id=shopper(context), variant_id=variant_id, quantity=quantity, origin=origin_of(session)
        )

    async def change_cart_line(
        self, context: RunContext, *, line_id: CartLineId, quantity: NewQuantity
    ) -> ChangeCartLine | RemoveCartLine:
        """Sets the quantity of a line of the cart; 0 takes the line out."""
        cart_id = await self._cart_id(context)
        if quantity == 0:
            return RemoveCartLine(cart_id=cart_id, line_id=line_id)
        return ChangeCartLine(cart_id=cart_id, line_id=line_id, quantity=quantity)

    async def set_cart_contact(
        self,
        context: RunContext,
        *,
        email: Email | None = None,
        shipping_address: Address | None = None,
        address_id: AddressId | None = None,
    ) -> SetCartContact:
        """Says who is told about the order and where it goes: a new address, or a stored one by address_id.

        What is left out stays as it was; for a customer who is signed in, the account's e-mail address is taken.
        """
        if shipping_address is not None and address_id is not None:
            raise Invalid("one_address", "Give a new address or a stored one.", next_step="Leave out the other.")
        async with context.read() as connection:
            cart_id = await needed_cart_id(connection, context.customer_id, context.now)
            cart = await get_cart(connection, context.actor, cart_id, context.now)
            account = await _account(connection, context)
        address = shipping_address or _stored(account, address_id) or cart.shipping_address
        if address is None:
            raise Invalid("address_missing", "The address is missing.", next_step="Ask where it should go.")
        email = email or cart.email or (None if account is None else account["email"])
        if email is None:
            raise Invalid("email_missing", "The e-mail address is missing.", next_step="Ask for it.")
        return SetCartContact(cart_id=cart_id, email=email, shipping_address=address, country=address.country)

    async def choose_shipping(self, context: RunContext, *, shipping_method_id: ShippingMethodId) -> ChooseShipping:
        """Chooses one of the shipping methods that the cart lists."""
        return ChooseShipping(cart_id=await self._cart_id(context), shipping_method_id=shipping_method_id)

    async def apply_coupon(self, context: RunContext, *, code: CouponCode) -> ApplyCoupon:
        """Puts a coupon on the cart, in place of any other; refused with the reason when it is not valid for it."""
        return ApplyCoupon(cart_id=await self._cart_id(context), coupon_code=code)

    async def remove_coupon(self, context: RunContext) -> SetCoupon:
        """Takes the coupon off the cart."""
        return SetCoupon(cart_id=await self._cart_id(context), coupon_code=None)

    async def _cart_id(self, context: RunContext) -> str:
        async with context.read() as connection:
            return await needed_cart_id(connection, context.customer_id, context.now)

    async def _read_back(self, context: RunContext, _: Mapping[str, Json]) -> dict[str, Json]:
        async with context.read() as connection:
            return await cart_shown(connection, context.actor, context.now)


def shopper(context: RunContext) -> str:
    """The customer or guest whose cart it is."""
    if context.customer_id is None:
        raise NotFound("nobody_here", "Nobody is known in this conversation.", next_step="Open it as a guest.")
    return context.customer_id


def origin_of(session_id: str) -> str:
    """What the cart remembers of where it was filled; only what may stand in the log."""
    return "".join(character for character in f"chat:{session_id}" if character.isalnum() or character in "_:./-")[:100]


async def _account(connection: Connection, context: RunContext) -> dict[str, Any] | None:
    try:
        customer = await get_customer(connection, context.actor, shopper(context))
    except NotFound:
        # A guest who has not ordered yet has no row.
        return None
    return {"email": customer.email, "addresses": {one.id: one.address for one in customer.addresses}}


def _stored(account: Mapping[str, Any] | None, address_id: str | None) -> Address | None:
    if address_id is None:
        return None
    address = None if account is None else account["addresses"].get(address_id)
    if address is None:
        raise NotFound("no_such_address", "There is no such stored address.", next_step="Look at the account.")
    return address
