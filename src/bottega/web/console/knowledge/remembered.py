"""What is remembered of a customer: each fact with the words that say it, and forgetting one, or the whole person."""

from typing import Any

from starlette.responses import Response

from bottega.kernel.errors import Invalid, Refusal
from bottega.platform.database.pool import Connection
from bottega.runtime.memory import store
from bottega.shop.customers.queries import find_account
from bottega.shop.flows.forget_customer import ForgetCustomer
from bottega.web.console.doing import do
from bottega.web.console.registry import OWNERS, SUPPORT, deed, page
from bottega.web.console.who import names_of
from bottega.web.visit import Visit

PLACE = "/console/memory"
# What has to be typed before a person is forgotten.
SURE = "forget"
SHOWN = 30


async def show(visit: Visit) -> Response:
    """Whom something is remembered of; with `customer` (an id or an e-mail address), what it is."""
    asked = visit.request.query_params.get("customer", "").replace("\0", "").strip()[:254]
    now = visit.context.clock.now()
    async with visit.read() as connection:
        customer_id = await _customer(visit, connection, asked)
        known = customer_id is not None
        memories = await store.shown(connection, customer_id, now) if customer_id is not None else []
        consent = await connection.fetchrow(_CONSENT, customer_id) if known else None
        lately = [dict(row) for row in await connection.fetch(_LATELY, now, SHOWN)] if not known else []
        names = await names_of(connection, [customer_id, *(row["customer_id"] for row in lately)])
    return await visit.page(
        "console/knowledge/memory.html",
        private=True,
        asked=asked,
        customer_id=customer_id,
        consent=consent,
        memories=memories,
        lately=lately,
        names=names,
        sure=SURE,
    )


async def forget_fact(visit: Visit) -> Response:
    """Deletes one fact with all that it superseded, or everything that is remembered of the customer."""
    form = await visit.form()
    customer_id, memory_id = form.text("customer_id"), form.text("memory_id")
    async with visit.context.database.connection() as connection:
        if memory_id:
            await store.forget(connection, customer_id, memory_id)
        else:
            await store.forget_all(connection, customer_id)
    visit.flash("done", "Forgotten.")
    return visit.redirect(f"{PLACE}?customer={customer_id}")


async def forget_person(visit: Visit) -> Response:
    """Deletes everything personal of a customer, everywhere and for good."""
    form = await visit.form()
    if form.text("sure").casefold() != SURE:
        visit.flash("error", f"To be sure that it is meant, type “{SURE}”. Nothing was deleted.")
        return visit.redirect(f"{PLACE}?customer={form.text('customer_id')}")
    action = form.record(ForgetCustomer, {"customer_id": form.text("customer_id")})
    if action is None:
        raise Invalid("no_such_customer", "There is no such customer.")
    return await do(visit, action, "Forgotten. What the books need stays as figures without a name.", then=PLACE)


async def _customer(visit: Visit, connection: Connection, asked: str) -> str | None:
    """The customer of an id or an e-mail address; None when nobody is asked for or known."""
    if not asked:
        return None
    found: Any = asked
    if "@" in asked:
        try:
            found = await find_account(connection, visit.context.performer.lookup_key, asked)
        except Refusal:
            return None
    return await connection.fetchval("SELECT id FROM shop.customers WHERE id = $1", found)


_CONSENT = "SELECT kind, profiling_consent, forgotten_at FROM shop.customers WHERE id = $1"

_LATELY = """
SELECT customer_id, count(*) AS facts, max(confirmed_at) AS confirmed_at FROM runtime.memories
WHERE superseded_at IS NULL AND expires_at > $1 GROUP BY customer_id ORDER BY 3 DESC LIMIT $2"""

PAGES = (
    page("/memory", show, SUPPORT),
    deed("/memory/forgetting", forget_fact, SUPPORT),
    deed("/memory/person", forget_person, OWNERS),
)
