"""What happens to orders within the context; flows compose these with stock, payments and shipping."""

from typing import Annotated, Any, ClassVar

from pydantic import Field

from bottega.actions.action import Action, Personal
from bottega.actions.registry import Facts, handles
from bottega.actions.work import Work
from bottega.kernel.identifiers import OrderId
from bottega.platform.database.pool import Row
from bottega.shop.orders.errors import illegal_transition, no_such_order, not_open, too_many_notes
from bottega.shop.orders.model import TRANSITIONS, NewOrder

MOST_NOTES = 200

# In one statement: who orders for the first time becomes a customer, the cart is closed, the order and its lines stand.
_INSERT = """
WITH buyer AS (
    INSERT INTO shop.customers (id, kind, email_ref, created_at) VALUES ($2, 'guest', $7, $19)
    ON CONFLICT (id) DO NOTHING
), closed AS (
    UPDATE shop.carts SET state = 'ordered', version = version + 1, updated_at = $19 WHERE id = $3
), placed AS (
    INSERT INTO shop.orders (
        id, number, customer_id, cart_id, channel, origin, currency, status, payment_status, fulfilment_status,
        email_ref, shipping_address_ref, billing_address_ref, country, shipping_method_id, coupon_code, net_minor,
        discount_minor, shipping_minor, tax_minor, total_minor, payment_due_at, placed_at, updated_at)
    VALUES ($1, 'B-' || nextval('shop.order_numbers'), $2, $3, $4, $5, $6, 'open', 'awaiting', 'unfulfilled',
        $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $19)
    RETURNING id, number
), lines AS (
    INSERT INTO shop.order_lines (
        id, order_id, variant_id, product_id, sku, title, option_values, quantity, unit_price_minor, net_minor,
        discount_minor, tax_minor, tax_rate, tax_class, weight_grams, position)
    SELECT l.id, placed.id, l.variant_id, l.product_id, l.sku, l.title, l.option_values, l.quantity,
           l.unit_price_minor, l.net_minor, l.discount_minor, l.tax_minor, l.tax_rate, l.tax_class, l.weight_grams,
           l.position
    FROM placed, jsonb_to_recordset($20::jsonb) AS l (
        id text, variant_id text, product_id text, sku text, title text, option_values jsonb, quantity int,
        unit_price_minor bigint, net_minor bigint, discount_minor bigint, tax_minor bigint, tax_rate numeric,
        tax_class text, weight_grams int, position int)
)
SELECT number FROM placed"""


async def insert_order(work: Work, order: NewOrder) -> str:
    """Writes a new order with its lines; returns its number. Open, unpaid, unfulfilled.

    A guest who orders for the first time becomes a customer of kind guest; the cart that it came from is closed.
    """
    lines = [
        {
            "id": line.id,
            "variant_id": line.variant_id,
            "product_id": line.product_id,
            "sku": line.sku,
            "title": line.title,
            "option_values": dict(line.option_values),
            "quantity": line.quantity,
            "unit_price_minor": line.unit_price_minor,
            "net_minor": line.net_minor,
            "discount_minor": line.discount_minor,
            "tax_minor": line.tax_minor,
            "tax_rate": str(line.tax_rate),
            "tax_class": line.tax_class,
            "weight_grams": line.weight_grams,
            "position": position,
        }
        for position, line in enumerate(order.lines)
    ]
    return await work.connection.fetchval(
        _INSERT,
        order.id,
        order.customer_id,
        order.cart_id,
        order.channel,
        order.origin,
        order.currency,
        order.email_ref,
        order.shipping_address_ref,
        order.billing_address_ref,
        order.country,
        order.shipping_method_id,
        order.coupon_code,
        order.net_minor,
        order.discount_minor,
        order.shipping_minor,
        order.tax_minor,
        order.total_minor,
        order.payment_due_at,
        work.now,
        lines,
    )


async def lock_order(work: Work, order_id: str) -> Row:
    """The order's row, locked, once per action; customers and their agents find their own only."""
    order: Row | None = work.loaded.get(order_id)
    if order is None:
        order = await work.connection.fetchrow("SELECT * FROM shop.orders WHERE id = $1 FOR UPDATE", order_id)
    is_customers = work.actor.kind == "customer" or work.actor.on_behalf_of is not None
    if order is None or (is_customers and order["customer_id"] != work.actor.customer_id):
        raise no_such_order(order_id)
    work.loaded[order_id] = order
    return order


async def change_status(work: Work, order: Row, **statuses: str) -> None:
    """Sets some of `status`, `payment_status` and `fulfilment_status`; illegal changes are refused."""
    changes = {column: after for column, after in statuses.items() if order[column] != after}
    for column, after in changes.items():
        if after not in TRANSITIONS[column][order[column]]:
            raise illegal_transition(order["number"], column, order[column], after)
    if not changes:
        return
    await work.connection.execute(
        "UPDATE shop.orders SET status = coalesce($2, status), payment_status = coalesce($3, payment_status), "
        "fulfilment_status = coalesce($4, fulfilment_status), version = version + 1, updated_at = $5 WHERE id = $1",
        order["id"],
        changes.get("status"),
        changes.get("payment_status"),
        changes.get("fulfilment_status"),
        work.now,
    )
    work.loaded.pop(order["id"], None)


async def order_facts(action: Any, work: Work) -> Facts:
    """Loads and locks the order; whether it is the actor's and whether anything was shipped."""
    order = await lock_order(work, action.order_id)
    return {
        "own": order["customer_id"] == work.actor.customer_id,
        "shipped": order["fulfilment_status"] != "unfulfilled",
        "total_minor": order["total_minor"],
    }


class HoldOrder(Action):
    """Stops an open order from being shipped until somebody releases it."""

    groups: ClassVar[tuple[str, ...]] = ("orders",)
    order_id: OrderId
    reason: Annotated[str, Field(min_length=1, max_length=200)]


class ReleaseOrder(Action):
    """Lets a held order go on."""

    groups: ClassVar[tuple[str, ...]] = ("orders",)
    order_id: OrderId


class AddOrderNote(Action):
    """A note for colleagues, or a customer's to the shop on their own order; its text is kept in the vault."""

    groups: ClassVar[tuple[str, ...]] = ("own", "orders")
    order_id: OrderId
    text: Annotated[str, Field(min_length=1, max_length=5000), Personal("order_note")]


class TagOrder(Action):
    """Sets an order's tags."""

    groups: ClassVar[tuple[str, ...]] = ("orders",)
    order_id: OrderId
    tags: Annotated[list[Annotated[str, Field(min_length=1, max_length=40)]], Field(max_length=20)]


@handles(HoldOrder, facts=order_facts)
async def hold_order(action: HoldOrder, work: Work) -> dict[str, Any]:
    order = await lock_order(work, action.order_id)
    if order["status"] != "open":
        raise not_open(order["number"], order["status"])
    await change_status(work, order, status="held")
    await work.connection.execute(
        "UPDATE shop.orders SET hold_reason = $2 WHERE id = $1", action.order_id, action.reason
    )
    return {"order_id": action.order_id, "status": "held"}


@handles(ReleaseOrder, facts=order_facts)
async def release_order(action: ReleaseOrder, work: Work) -> dict[str, Any]:
    order = await lock_order(work, action.order_id)
    await change_status(work, order, status="open")
    await work.connection.execute("UPDATE shop.orders SET hold_reason = '' WHERE id = $1", action.order_id)
    return {"order_id": action.order_id, "status": "open"}


@handles(AddOrderNote, facts=order_facts)
async def add_order_note(action: AddOrderNote, work: Work) -> dict[str, Any]:
    order = await lock_order(work, action.order_id)
    written = await work.connection.fetchval(
        "SELECT count(*) FROM shop.order_notes WHERE order_id = $1", action.order_id
    )
    if written >= MOST_NOTES:
        raise too_many_notes(order["number"], MOST_NOTES)
    reference = await work.keep(order["customer_id"], "order_note", action.text)
    note_id = work.new_id("nte")
    await work.connection.execute(
        "INSERT INTO shop.order_notes (id, order_id, text_ref, author, created_at) VALUES ($1, $2, $3, $4, $5)",
        note_id,
        action.order_id,
        reference,
        work.actor.id,
        work.now,
    )
    return {"order_id": action.order_id, "note_id": note_id}


@handles(TagOrder, facts=order_facts, undoable=True)
async def tag_order(action: TagOrder, work: Work) -> dict[str, Any]:
    await work.connection.execute(
        "UPDATE shop.orders SET tags = $2, updated_at = $3 WHERE id = $1",
        action.order_id,
        sorted(set(action.tags)),
        work.now,
    )
    return {"order_id": action.order_id, "tags": sorted(set(action.tags))}
