"""What shoppers do with carts."""

from datetime import timedelta
from typing import Annotated, Any, ClassVar

from pydantic import Field

from bottega.actions.action import Action, Personal, personal_text
from bottega.actions.registry import Facts, handles
from bottega.actions.work import Work
from bottega.kernel.address import Address, Email
from bottega.kernel.errors import Invalid
from bottega.kernel.identifiers import CartId, CartLineId, CustomerId, ShippingMethodId, VariantId
from bottega.kernel.money import check_currency
from bottega.platform.database.pool import Row
from bottega.shop import shop_settings
from bottega.shop.carts.errors import cart_closed, no_such_cart, no_such_line, not_for_sale, too_many_lines

Quantity = Annotated[int, Field(ge=1, le=9999)]
CouponCode = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9_-]+$")]
# Written by programs: a session, run or search. No free text, which could carry what is personal into the log.
Origin = Annotated[str, Field(pattern=r"^[A-Za-z0-9_:./-]{0,100}$")]


class CreateCart(Action):
    """Opens an empty cart for the customer who asks, or for the one an agent or colleague serves."""

    groups: ClassVar[tuple[str, ...]] = ("own", "carts", "light")
    customer_id: CustomerId
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] | None = None
    channel: Annotated[str, Field(pattern="^[a-z_]{1,20}$")] = "api"
    origin: Origin = ""


class AddCartLine(Action):
    """Puts a variant into a cart; one that is there already gets more of it."""

    groups: ClassVar[tuple[str, ...]] = ("own", "carts", "light")
    cart_id: CartId
    variant_id: VariantId
    quantity: Quantity = 1


class ChangeCartLine(Action):
    """Sets a line's quantity."""

    groups: ClassVar[tuple[str, ...]] = ("own", "carts", "light")
    cart_id: CartId
    line_id: CartLineId
    quantity: Quantity


class RemoveCartLine(Action):
    """Takes a line out."""

    groups: ClassVar[tuple[str, ...]] = ("own", "carts", "light")
    cart_id: CartId
    line_id: CartLineId


class SetCartContact(Action):
    """Sets where the order goes and who is told about it."""

    groups: ClassVar[tuple[str, ...]] = ("own", "carts", "light")
    cart_id: CartId
    email: Annotated[Email, Personal("email")]
    shipping_address: Annotated[Address, Personal("shipping_address")]
    billing_address: Annotated[Address | None, Personal("billing_address")] = None
    country: Annotated[str, Field(pattern="^[A-Z]{2}$")]


class ChooseShipping(Action):
    """Chooses a shipping method; whether it serves the address is checked when the order is placed."""

    groups: ClassVar[tuple[str, ...]] = ("own", "carts", "light")
    cart_id: CartId
    shipping_method_id: ShippingMethodId


class SetCoupon(Action):
    """Sets the coupon code, or removes it with null; it takes effect when it is valid at ordering."""

    groups: ClassVar[tuple[str, ...]] = ("own", "carts", "light")
    cart_id: CartId
    coupon_code: CouponCode | None


class MergeCarts(Action):
    """Moves a guest's cart into the account's cart at sign-in; quantities of the same variant add up."""

    groups: ClassVar[tuple[str, ...]] = ("system", "carts")
    guest_id: CustomerId
    customer_id: CustomerId


async def cart_facts(action: Any, work: Work) -> Facts:
    """Loads and locks the cart; `own` when it is the actor's."""
    row = await work.connection.fetchrow("SELECT * FROM shop.carts WHERE id = $1 FOR UPDATE", action.cart_id)
    if row is None or (work.actor.kind in ("customer", "agent") and row["customer_id"] != work.actor.customer_id):
        raise no_such_cart(action.cart_id)
    work.loaded["cart"] = row
    return {"own": row["customer_id"] == work.actor.customer_id}


async def _creation_facts(action: CreateCart, work: Work) -> Facts:
    return {"own": action.customer_id == work.actor.customer_id}


def open_cart(work: Work) -> Row:
    """The cart that the facts loaded; refused unless it is open."""
    cart: Row = work.loaded["cart"]
    if cart["state"] != "open":
        raise cart_closed(cart["id"], cart["state"])
    if cart["expires_at"] <= work.now:
        raise cart_closed(cart["id"], "expired")
    return cart


@handles(CreateCart, facts=_creation_facts)
async def create_cart(action: CreateCart, work: Work) -> dict[str, Any]:
    settings = await shop_settings.current(work.connection)
    days = settings.guest_cart_days if work.actor.role == "guest" else settings.account_cart_days
    cart_id = work.new_id("crt")
    await work.connection.execute(
        "INSERT INTO shop.carts (id, customer_id, currency, channel, origin, created_at, updated_at, expires_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $6, $7)",
        cart_id,
        action.customer_id,
        check_currency(action.currency or settings.currency),
        action.channel,
        action.origin,
        work.now,
        work.now + timedelta(days=days),
    )
    return {"cart_id": cart_id, "version": 1}


_ADD_LINE = """
WITH offered AS (
    SELECT v.id, (SELECT count(*) FROM shop.cart_lines l WHERE l.cart_id = $1 AND l.variant_id <> v.id) AS others
    FROM shop.variants v
    JOIN shop.products p ON p.id = v.product_id AND p.status = 'published'
    JOIN shop.prices r ON r.variant_id = v.id AND r.currency = $6
    WHERE v.id = $2 AND v.active
), added AS (
    INSERT INTO shop.cart_lines AS l (id, cart_id, variant_id, quantity, added_at)
    SELECT $3, $1, $2, $4, $5 FROM offered WHERE others < $7
    ON CONFLICT (cart_id, variant_id) DO UPDATE SET quantity = l.quantity + excluded.quantity
    RETURNING l.id, l.quantity
), touched AS (
    UPDATE shop.carts SET version = version + 1, updated_at = $5 WHERE id = $1 AND EXISTS (SELECT FROM added)
    RETURNING version
)
SELECT (SELECT count(*) FROM offered) AS offered, added.id, added.quantity, touched.version
FROM (SELECT 1) AS one LEFT JOIN added ON true LEFT JOIN touched ON true"""


@handles(AddCartLine, facts=cart_facts)
async def add_cart_line(action: AddCartLine, work: Work) -> dict[str, Any]:
    cart = open_cart(work)
    settings = await shop_settings.current(work.connection)
    row = await work.connection.fetchrow(
        _ADD_LINE,
        cart["id"],
        action.variant_id,
        work.new_id("cln"),
        action.quantity,
        work.now,
        cart["currency"],
        settings.maximum_cart_lines,
    )
    assert row is not None, "the statement always answers with one row"
    if not row["offered"]:
        raise not_for_sale(action.variant_id)
    if row["id"] is None:
        raise too_many_lines(settings.maximum_cart_lines)
    return {"cart_id": cart["id"], "line_id": row["id"], "quantity": row["quantity"], "version": row["version"]}


@handles(ChangeCartLine, facts=cart_facts)
async def change_cart_line(action: ChangeCartLine, work: Work) -> dict[str, Any]:
    cart = open_cart(work)
    version = await work.connection.fetchval(
        "WITH changed AS (UPDATE shop.cart_lines SET quantity = $3 WHERE id = $2 AND cart_id = $1 RETURNING id) "
        "UPDATE shop.carts SET version = version + 1, updated_at = $4 WHERE id = $1 AND EXISTS (SELECT FROM changed) "
        "RETURNING version",
        cart["id"],
        action.line_id,
        action.quantity,
        work.now,
    )
    if version is None:
        raise no_such_line(action.line_id)
    return {"cart_id": cart["id"], "line_id": action.line_id, "quantity": action.quantity, "version": version}


@handles(RemoveCartLine, facts=cart_facts)
async def remove_cart_line(action: RemoveCartLine, work: Work) -> dict[str, Any]:
    cart = open_cart(work)
    version = await work.connection.fetchval(
        "WITH removed AS (DELETE FROM shop.cart_lines WHERE id = $2 AND cart_id = $1 RETURNING id) "
        "UPDATE shop.carts SET version = version + 1, updated_at = $3 WHERE id = $1 AND EXISTS (SELECT FROM removed) "
        "RETURNING version",
        cart["id"],
        action.line_id,
        work.now,
    )
    if version is None:
        raise no_such_line(action.line_id)
    return {"cart_id": cart["id"], "version": version}


@handles(SetCartContact, facts=cart_facts)
async def set_cart_contact(action: SetCartContact, work: Work) -> dict[str, Any]:
    cart = open_cart(work)
    if action.shipping_address.country != action.country:
        raise Invalid("country_mismatch", "The country is not that of the shipping address.", next_step="Send one.")
    personal = {"email": action.email, "shipping_address": personal_text(action.shipping_address)}
    if action.billing_address is not None:
        personal["billing_address"] = personal_text(action.billing_address)
    references = await work.keep_all(cart["customer_id"], personal)
    version = await work.connection.fetchval(
        "UPDATE shop.carts SET email_ref = $2, shipping_address_ref = $3, billing_address_ref = $4, country = $5, "
        "version = version + 1, updated_at = $6 WHERE id = $1 RETURNING version",
        cart["id"],
        references["email"],
        references["shipping_address"],
        references.get("billing_address"),
        action.country,
        work.now,
    )
    return {"cart_id": cart["id"], "version": version}


@handles(ChooseShipping, facts=cart_facts)
async def choose_shipping(action: ChooseShipping, work: Work) -> dict[str, Any]:
    cart = open_cart(work)
    version = await work.connection.fetchval(
        "UPDATE shop.carts SET shipping_method_id = m.id, version = version + 1, updated_at = $3 "
        "FROM shop.shipping_methods m WHERE carts.id = $1 AND m.id = $2 AND m.active RETURNING version",
        cart["id"],
        action.shipping_method_id,
        work.now,
    )
    if version is None:
        raise Invalid(
            "no_such_shipping_method",
            f"There is no shipping method {action.shipping_method_id}.",
            next_step="List those of the country.",
        )
    return {"cart_id": cart["id"], "version": version}


@handles(SetCoupon, facts=cart_facts)
async def set_coupon(action: SetCoupon, work: Work) -> dict[str, Any]:
    cart = open_cart(work)
    code = None if action.coupon_code is None else action.coupon_code.upper()
    version = await work.connection.fetchval(
        "UPDATE shop.carts SET coupon_code = $2, version = version + 1, updated_at = $3 "
        "WHERE id = $1 RETURNING version",
        cart["id"],
        code,
        work.now,
    )
    return {"cart_id": cart["id"], "coupon_code": code, "version": version}


@handles(MergeCarts)
async def merge_carts(action: MergeCarts, work: Work) -> dict[str, Any]:
    """The guest's newest open cart goes into the customer's, or becomes it when there is none."""
    carts = await work.connection.fetch(
        "SELECT DISTINCT ON (customer_id) id, customer_id, currency FROM shop.carts "
        "WHERE customer_id = ANY($1::text[]) AND state = 'open' AND expires_at > $2 ORDER BY customer_id, id DESC",
        [action.guest_id, action.customer_id],
        work.now,
    )
    by_owner = {cart["customer_id"]: cart for cart in carts}
    source, target = by_owner.get(action.guest_id), by_owner.get(action.customer_id)
    if source is None:
        return {"cart_id": None if target is None else target["id"], "moved": 0}
    await work.connection.fetch(
        "SELECT id FROM shop.carts WHERE id = ANY($1::text[]) ORDER BY id FOR UPDATE",
        [cart["id"] for cart in carts],
    )
    if target is None or target["currency"] != source["currency"]:
        await work.connection.execute(
            "UPDATE shop.carts SET customer_id = $2, version = version + 1, updated_at = $3 WHERE id = $1",
            source["id"],
            action.customer_id,
            work.now,
        )
        return {"cart_id": source["id"], "moved": 0}
    return {"cart_id": target["id"], "moved": await _move_lines(work, source["id"], target["id"])}


async def _move_lines(work: Work, source_id: str, target_id: str) -> int:
    lines = await work.connection.fetch(
        "DELETE FROM shop.cart_lines WHERE cart_id = $1 RETURNING variant_id, quantity", source_id
    )
    await work.connection.execute(
        "INSERT INTO shop.cart_lines AS l (id, cart_id, variant_id, quantity, added_at) "
        "SELECT new.id, $1, new.variant_id, new.quantity, $5 "
        "FROM unnest($2::text[], $3::text[], $4::int[]) AS new (id, variant_id, quantity) "
        "ON CONFLICT (cart_id, variant_id) DO UPDATE SET quantity = least(9999, l.quantity + excluded.quantity)",
        target_id,
        [work.new_id("cln") for _ in lines],
        [line["variant_id"] for line in lines],
        [line["quantity"] for line in lines],
        work.now,
    )
    await work.connection.execute(
        "UPDATE shop.carts SET state = CASE WHEN id = $1 THEN 'merged' ELSE state END, version = version + 1, "
        "updated_at = $3 WHERE id IN ($1, $2)",
        source_id,
        target_id,
        work.now,
    )
    return len(lines)
