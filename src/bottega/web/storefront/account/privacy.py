"""What a person allowed, what is known about them, and forgetting all of it."""

from starlette.responses import Response

from bottega.actions.outcome import Held
from bottega.runtime.memory import store as memory
from bottega.shop.customers.actions import SetConsent
from bottega.shop.flows.forget_customer import ForgetCustomer
from bottega.web.faces import get, post
from bottega.web.storefront.account.pages import account_holder
from bottega.web.visit import Visit

# What has to be typed before everything is deleted.
SURE = "forget me"


async def show(visit: Visit) -> Response:
    """Consent, what is kept, and the way out."""
    customer = await account_holder(visit)
    async with visit.read() as connection:
        kept = await connection.fetchrow(_KEPT, customer.id)
        remembered = await memory.shown(connection, customer.id, visit.context.clock.now())
    return await visit.page(
        "storefront/account/privacy.html", private=True, customer=customer, kept=kept, remembered=remembered, sure=SURE
    )


async def set_consent(visit: Visit) -> Response:
    """Gives or withdraws it."""
    customer = await account_holder(visit)
    form = await visit.form()
    action = SetConsent(
        customer_id=customer.id,
        marketing_consent=form.is_ticked("marketing_consent"),
        profiling_consent=form.is_ticked("profiling_consent"),
    )
    await visit.done(action, form.key)
    visit.flash("done", "Saved.")
    return visit.redirect("/account/privacy")


async def forget_memory(visit: Visit) -> Response:
    """Deletes one thing that the assistant remembers, or all of it."""
    customer = await account_holder(visit)
    memory_id = (await visit.form()).text("memory_id")
    async with visit.context.database.connection() as connection:
        if memory_id:
            await memory.forget(connection, customer.id, memory_id)
        else:
            await memory.forget_all(connection, customer.id)
    visit.flash("done", "Forgotten.")
    return visit.redirect("/account/privacy")


async def forget(visit: Visit) -> Response:
    """Deletes everything personal for good."""
    customer = await account_holder(visit)
    form = await visit.form()
    if form.text("sure").casefold() != SURE:
        visit.flash("error", f"To be sure that it is meant, please type “{SURE}”. Nothing was deleted.")
        return visit.redirect("/account/privacy")
    outcome = await visit.perform(ForgetCustomer(customer_id=customer.id), form.key)
    if isinstance(outcome, Held):
        visit.flash("note", "We have asked a colleague to look at it, and will write to you.")
        return visit.redirect("/account/privacy")
    outcome.unwrap()
    visit.carry("", 0)
    visit.actor = None
    visit.flash("done", "We have forgotten you. What the books need stays as figures without a name.")
    return visit.redirect("/")


_KEPT = """
SELECT (SELECT count(*) FROM shop.orders WHERE customer_id = $1) AS orders,
       (SELECT count(*) FROM shop.addresses WHERE customer_id = $1) AS addresses,
       (SELECT count(*) FROM shop.reviews WHERE customer_id = $1) AS reviews,
       (SELECT count(*) FROM shop.tickets WHERE customer_id = $1) AS tickets,
       (SELECT count(*) FROM shop.instruments WHERE customer_id = $1 AND active) AS instruments,
       (SELECT count(*) FROM platform.viewed_products WHERE customer_id = $1) AS viewed"""

PAGES = (
    get("/account/privacy", show),
    post("/account/consent", set_consent),
    post("/account/memory", forget_memory),
    post("/account/forgetting", forget),
)
