"""The account's own pages: overview, orders, details, addresses."""

from typing import Any

from starlette.responses import Response

from bottega.entrance import sessions
from bottega.kernel.errors import Refusal
from bottega.platform.sign_in.passwords import hash_password
from bottega.platform.sign_in.sessions import close_sessions, list_sessions
from bottega.shop.customers.actions import (
    AddAddress,
    ChangeAddress,
    ChangeEmail,
    ChangeProfile,
    RemoveAddress,
    SetDefaultAddress,
)
from bottega.shop.customers.model import Customer
from bottega.shop.customers.queries import get_customer
from bottega.shop.flows.sign_in import check_password, replace_password
from bottega.shop.orders.queries import list_orders
from bottega.shop.shipping.queries import zones
from bottega.web.countries import country_choices, country_name
from bottega.web.faces import get, post
from bottega.web.forms import NO_FORM, Form
from bottega.web.storefront.checkout.wish import ADDRESS_FIELDS, address_of
from bottega.web.storefront.sign_in.pages import NewPassword
from bottega.web.visit import SignInNeeded, Visit
from bottega.web.wording import for_shoppers

ORDERS_SHOWN = 20
RECENT_SHOWN = 3


async def account_holder(visit: Visit) -> Customer:
    """Whoever is signed in; others sign in first."""
    if not visit.is_signed_in or visit.actor is None:
        raise SignInNeeded
    async with visit.read() as connection:
        return await get_customer(connection, visit.actor, visit.actor.id)


async def overview(visit: Visit) -> Response:
    """What one usually comes for."""
    customer = await account_holder(visit)
    async with visit.read() as connection:
        recent = await list_orders(connection, visit.shopper(), limit=RECENT_SHOWN)
    return await _page(visit, "overview", customer, recent=recent)


async def orders(visit: Visit) -> Response:
    """Every order, page by page."""
    customer = await account_holder(visit)
    before = visit.request.query_params.get("before", "")[:40]
    async with visit.read() as connection:
        found = await list_orders(connection, visit.shopper(), before=before, limit=ORDERS_SHOWN + 1)
    return await _page(visit, "orders", customer, orders=found[:ORDERS_SHOWN], more=found[ORDERS_SHOWN:])


async def details(visit: Visit) -> Response:
    """Name, telephone, e-mail, password, and where one is signed in."""
    return await _details(visit, await account_holder(visit), NO_FORM)


async def change_profile(visit: Visit) -> Response:
    """Name and telephone."""
    customer = await account_holder(visit)
    form = await visit.form()
    values = {"customer_id": customer.id, "name": form.text("name"), "phone": form.text("phone")}
    action = form.record(ChangeProfile, values)
    if action is None:
        return await _details(visit, customer, form, status=422)
    await visit.done(action, form.key)
    visit.flash("done", "Your details are saved.")
    return visit.redirect("/account/details")


async def change_email(visit: Visit) -> Response:
    """Another address, proven by the password."""
    customer = await account_holder(visit)
    form = await visit.form()
    action = form.record(ChangeEmail, {"customer_id": customer.id, "email": form.text("email")})
    if action is None:
        return await _details(visit, customer, form, status=422)
    try:
        await check_password(visit.context.performer, customer.id, form.exact("current_password"))
        await visit.done(action, form.key)
    except Refusal as refusal:
        visit.flash("error", for_shoppers(refusal))
        return await _details(visit, customer, form, status=409)
    visit.flash("done", "You sign in with the new address from now on.")
    return visit.redirect("/account/details")


async def change_password(visit: Visit) -> Response:
    """A new password; every other session ends."""
    customer = await account_holder(visit)
    form = await visit.form()
    chosen = form.record(NewPassword, {"password": form.exact("password")})
    if chosen is None:
        return await _details(visit, customer, form, status=422)
    performer = visit.context.performer
    try:
        await check_password(performer, customer.id, form.exact("current_password"))
        await replace_password(performer, customer.id, await hash_password(chosen.password))
    except Refusal as refusal:
        visit.flash("error", for_shoppers(refusal))
        return await _details(visit, customer, form, status=409)
    token, expires_at = await sessions.renew_session(visit.context, visit.token, "customer", customer.id)
    visit.carry(token, int((expires_at - visit.context.clock.now()).total_seconds()))
    visit.flash("done", "Your new password is set, and other devices are signed out.")
    return visit.redirect("/account/details")


async def sign_out_everywhere(visit: Visit) -> Response:
    """Ends every session, this one included."""
    customer = await account_holder(visit)
    async with visit.context.database.connection() as connection:
        await close_sessions(connection, customer.id, visit.context.clock.now())
    visit.carry("", 0)
    visit.flash("done", "You are signed out everywhere.")
    return visit.redirect("/")


async def addresses(visit: Visit) -> Response:
    """The address book."""
    return await _addresses(visit, await account_holder(visit), NO_FORM)


async def save_address(visit: Visit) -> Response:
    """A new address, or another text for one that is there."""
    customer = await account_holder(visit)
    form = await visit.form()
    address = address_of(form, {name: form.text(name) for name in ADDRESS_FIELDS})
    if address is None:
        return await _addresses(visit, customer, form, status=422)
    if address_id := form.text("address_id"):
        action = ChangeAddress(customer_id=customer.id, address_id=address_id, address=address)
    else:
        action = AddAddress(customer_id=customer.id, address=address, is_default=form.is_ticked("is_default"))
    await visit.done(action, form.key)
    visit.flash("done", "The address is saved.")
    return visit.redirect("/account/addresses")


async def remove_address(visit: Visit) -> Response:
    """Takes one out of the book."""
    return await _with_address(visit, RemoveAddress, "The address is removed.")


async def prefer_address(visit: Visit) -> Response:
    """Makes one the first choice."""
    return await _with_address(visit, SetDefaultAddress, "This is your usual address now.")


async def _with_address(visit: Visit, kind: type[RemoveAddress | SetDefaultAddress], said: str) -> Response:
    customer = await account_holder(visit)
    form = await visit.form()
    values = {"customer_id": customer.id, "address_id": form.text("address_id")}
    await visit.done(form.require(kind, values), form.key)
    visit.flash("done", said)
    return visit.redirect("/account/addresses")


async def _details(visit: Visit, customer: Customer, form: Form, *, status: int = 200) -> Response:
    async with visit.read() as connection:
        opened = await list_sessions(connection, customer.id, visit.context.clock.now())
    return await _page(visit, "details", customer, status=status, sessions=opened, problems=form.problems, form=form)


async def _addresses(visit: Visit, customer: Customer, form: Form, *, status: int = 200) -> Response:
    async with visit.read() as connection:
        served = {code for zone in await zones(connection) for code in zone.countries}
    edited = next((one for one in customer.addresses if one.id == visit.request.query_params.get("edit")), None)
    values = {name: form.text(name) for name in ADDRESS_FIELDS}
    if edited is not None and not form.fields:
        values = {name: getattr(edited.address, name) for name in ADDRESS_FIELDS}
    return await _page(
        visit,
        "addresses",
        customer,
        status=status,
        value=values,
        edited=edited,
        problems=form.problems,
        countries=country_choices(served),
        country_name=country_name,
    )


async def _page(visit: Visit, template: str, customer: Customer, *, status: int = 200, **values: Any) -> Response:
    return await visit.page(
        f"storefront/account/{template}.html", status=status, private=True, customer=customer, **values
    )


PAGES = (
    get("/account", overview),
    get("/account/orders", orders),
    get("/account/details", details),
    post("/account/profile", change_profile),
    post("/account/email", change_email),
    post("/account/password", change_password),
    post("/account/sign-out-everywhere", sign_out_everywhere),
    get("/account/addresses", addresses),
    post("/account/addresses", save_address),
    post("/account/addresses/removal", remove_address),
    post("/account/addresses/default", prefer_address),
)
