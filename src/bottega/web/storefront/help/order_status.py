"""Where an order is, for people without an account: by its number and the e-mail address it was ordered with."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from bottega.actions.actor import system
from bottega.kernel.address import Email
from bottega.platform.database.pool import Connection
from bottega.shop.orders.queries import get_order, order_history
from bottega.web.faces import get, post
from bottega.web.forms import NO_FORM, Form
from bottega.web.storefront.orders.progress import steps_of
from bottega.web.visit import Visit

_ORDER = """
SELECT id FROM shop.orders
WHERE number = $1 AND lower(vault.reveal(email_ref)) = lower($2) ORDER BY id DESC LIMIT 1"""


class Lookup(BaseModel):
    """What the confirmation says."""

    model_config = ConfigDict(frozen=True)

    number: Annotated[str, Field(min_length=1, max_length=40)]
    email: Email


async def show(visit: Visit) -> Response:
    """The two questions."""
    return await _page(visit, NO_FORM)


async def look_up(visit: Visit) -> Response:
    """State and parcels; neither address nor payment, because a number and an e-mail are no password."""
    form = await visit.form()
    asked = form.record(Lookup, {"number": form.text("number").lstrip("#"), "email": form.text("email")})
    if asked is None:
        return await _page(visit, form, status=422)
    async with visit.read() as connection:
        order_id = await _find(connection, asked)
        if order_id is None:
            visit.flash("error", "We find no order with this number and this e-mail address.")
            return await _page(visit, form, status=404)
        reader = system("order_status")
        order = await get_order(connection, reader, order_id)
        steps = steps_of(order, await order_history(connection, reader, order_id))
    return await visit.page("storefront/help/order_found.html", private=True, order=order, steps=steps)


async def _find(connection: Connection, asked: Lookup) -> str | None:
    return await connection.fetchval(_ORDER, asked.number, asked.email)


async def _page(visit: Visit, form: Form, *, status: int = 200) -> Response:
    values = {name: form.text(name) for name in ("number", "email")}
    return await visit.page(
        "storefront/help/order_status.html", status=status, private=True, values=values, problems=form.problems
    )


PAGES = (get("/order-status", show), post("/order-status", look_up))
