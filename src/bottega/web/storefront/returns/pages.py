"""Sending something back or exchanging it: one form for an order, and how far a return is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from bottega.actions.action import Action
from bottega.actions.outcome import Held
from bottega.kernel.errors import Refusal
from bottega.platform.database.pool import Connection
from bottega.shop import shop_settings
from bottega.shop.flows.exchange_order import ExchangedLine, RequestExchange
from bottega.shop.flows.return_order import CancelReturn, RequestReturn, ReturnedLine
from bottega.shop.orders.model import Order
from bottega.shop.orders.queries import get_order
from bottega.shop.returns.queries import get_return
from bottega.shop.returns.records import returnable_rows
from bottega.web.faces import get, post
from bottega.web.forms import Form
from bottega.web.storefront.checkout.pages import account_of
from bottega.web.storefront.goods.lines import products_of_lines
from bottega.web.visit import Visit
from bottega.web.wording import for_shoppers, money

MONEY_BACK = "money"


@dataclass(frozen=True, slots=True)
class ReturnableLine:
    """Units of an order that can come back, and the variants they can be exchanged for."""

    line: Mapping[str, Any]
    units: int
    others: tuple[Mapping[str, Any], ...]


async def show(visit: Visit) -> Response:
    """What can come back, and what for."""
    return await _page(visit, visit.request.path_params["order_id"])


async def send(visit: Visit) -> Response:
    """Asks for a return, an exchange, or both."""
    order_id = visit.request.path_params["order_id"]
    form = await visit.form()
    async with visit.read() as connection:
        order = await get_order(connection, visit.shopper(), order_id)
        lines = await _returnable(connection, visit, order)
    actions = _wanted(form, order_id, lines)
    if not actions:
        visit.flash("error", "Please choose at least one thing to send back.")
        return await _page(visit, order_id, status=422)
    for action in actions:
        try:
            outcome = await visit.perform(action, form.key)
            if isinstance(outcome, Held):
                visit.flash("note", "A colleague has to look at this first. We will write to you.")
                continue
            made = outcome.unwrap()
        except Refusal as refusal:
            visit.flash("error", for_shoppers(refusal))
            return await _page(visit, order_id, status=409)
        visit.flash("done", _said(action, made))
    return visit.redirect(f"/orders/{order_id}")


async def show_return(visit: Visit) -> Response:
    """How far it is."""
    async with visit.read() as connection:
        found = await get_return(connection, visit.shopper(), visit.request.path_params["return_id"])
        order = await get_order(connection, visit.shopper(), found.order_id)
        products = await products_of_lines(connection, [line.product_id for line in order.lines])
    return await visit.page(
        "storefront/returns/return.html",
        private=True,
        found=found,
        order=order,
        lines={line.id: line for line in order.lines},
        products=products,
    )


async def cancel(visit: Visit) -> Response:
    """Takes the request back before the goods have arrived."""
    return_id = visit.request.path_params["return_id"]
    form = await visit.form()
    action = form.record(CancelReturn, {"return_id": return_id})
    if action is not None:
        await visit.done(action, form.key)
        visit.flash("done", "Taken back. You keep your things.")
    return visit.redirect(f"/returns/{return_id}")


def _wanted(form: Form, order_id: str, lines: list[ReturnableLine]) -> list[Action]:
    """The actions that the form means; what makes no sense in it is left out."""
    reason, instrument_id = form.text("reason"), form.optional("instrument_id")
    returned: list[ReturnedLine] = []
    exchanged: list[ExchangedLine] = []
    for one in lines:
        line_id = one.line["id"]
        if not form.is_ticked(f"line.{line_id}"):
            continue
        quantity = max(1, min(one.units, form.number(f"quantity.{line_id}", 1)))
        instead = form.text(f"instead.{line_id}", MONEY_BACK)
        if instead in {other["id"] for other in one.others}:
            exchanged.append(ExchangedLine(line_id=line_id, new_variant_id=instead, quantity=quantity, reason=reason))
        else:
            returned.append(ReturnedLine(line_id=line_id, quantity=quantity, reason=reason))
    actions: list[Action] = []
    if returned:
        actions.append(RequestReturn(order_id=order_id, lines=tuple(returned), reason=reason))
    if exchanged:
        given = {"order_id": order_id, "lines": exchanged, "reason": reason, "instrument_id": instrument_id}
        action = form.record(RequestExchange, given)
        actions += [] if action is None else [action]
    return actions


def _said(action: Action, made: Mapping[str, Any]) -> str:
    if isinstance(action, RequestReturn):
        return f"Return {made['number']} is asked for. We answer by mail, with the address."
    difference = made["difference_minor"]
    if difference > 0:
        owed = f" You pay {money(difference, made['currency'])} more."
    elif difference < 0:
        owed = f" You get {money(-difference, made['currency'])} back."
    else:
        owed = ""
    return f"Exchange {made['number']} is asked for. We answer by mail, with the address.{owed}"


async def _page(visit: Visit, order_id: str, *, status: int = 200) -> Response:
    async with visit.read() as connection:
        order = await get_order(connection, visit.shopper(), order_id)
        lines = await _returnable(connection, visit, order)
        settings = await shop_settings.current(connection)
        products = await products_of_lines(connection, [line.product_id for line in order.lines])
        customer = await account_of(connection, visit)
    if not lines:
        visit.flash("note", "Nothing of this order can be sent back now.")
        return visit.redirect(f"/orders/{order_id}")
    return await visit.page(
        "storefront/returns/ask.html",
        status=status,
        private=True,
        order=order,
        lines=lines,
        products=products,
        reasons=settings.return_reasons,
        instruments=() if customer is None else customer.instruments,
        money_back=MONEY_BACK,
    )


async def _returnable(connection: Connection, visit: Visit, order: Order) -> list[ReturnableLine]:
    """Lines of which something has arrived and is not announced yet."""
    rows = [
        (row, row["arrived"] - row["returned"] - row["announced"])
        for row in await returnable_rows(connection, order.id)
    ]
    open_rows = [(row, units) for row, units in rows if units > 0]
    others = await connection.fetch(
        _OTHERS, [row["product_id"] for row, _ in open_rows], order.currency, visit.context.clock.now()
    )
    return [
        ReturnableLine(
            dict(row),
            units,
            tuple(
                dict(other)
                for other in others
                if other["product_id"] == row["product_id"] and other["id"] != row["variant_id"]
            ),
        )
        for row, units in open_rows
    ]


# Variants of the same products that are in stock, for an exchange.
_OTHERS = """
SELECT v.id, v.product_id, v.option_values, shop.effective_amount(r, $3) AS price_minor
FROM shop.variants v
JOIN shop.products p ON p.id = v.product_id AND p.status = 'published'
JOIN shop.prices r ON r.variant_id = v.id AND r.currency = $2
WHERE v.product_id = ANY ($1::text[]) AND v.active
  AND (SELECT coalesce(sum(s.on_hand - s.reserved), 0) FROM shop.stock_levels s WHERE s.variant_id = v.id) > 0
ORDER BY v.position, v.id"""

PAGES = (
    get("/orders/{order_id}/return", show),
    post("/orders/{order_id}/return", send),
    get("/returns/{return_id}", show_return),
    post("/returns/{return_id}/cancellation", cancel),
)
