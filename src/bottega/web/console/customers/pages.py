"""The list of customers, one customer's page, and what is done about it."""

from starlette.responses import Response

from bottega.actions.actor import Actor
from bottega.shop.customers.actions.accounts import BlockCustomer, ChangeProfile, SetConsent, UnblockCustomer
from bottega.shop.customers.queries import get_customer
from bottega.shop.flows.forget_customer import ForgetCustomer
from bottega.shop.orders.queries import list_orders
from bottega.shop.returns.queries import list_returns
from bottega.shop.support.queries import list_tickets
from bottega.web.console.asking import asked
from bottega.web.console.customers import queries
from bottega.web.console.doing import chosen_of, do, do_each
from bottega.web.console.history import history_of
from bottega.web.console.registry import OWNERS, PEOPLE, SUPPORT, deed, offered, page
from bottega.web.console.work_list import BulkDeed, Column, Filter, WorkList, asked_of
from bottega.web.visit import Visit, staff_of

COLUMNS = (
    Column("Customer"),
    Column("E-mail"),
    Column("Orders", "orders", is_number=True),
    Column("Came to", is_number=True),
    Column("Last order", "last"),
    Column("Since", "since"),
    Column("Mail"),
    Column("State"),
)
FILTERS = (
    Filter(
        "kind",
        "Show",
        (
            ("", "Accounts"),
            ("guest", "Guests"),
            ("blocked", "Blocked"),
            ("forgotten", "Forgotten"),
            ("all", "Everybody"),
        ),
    ),
)
BULK = (
    BulkDeed(
        "Withdraw consent to mail",
        "/console/customers/consent-withdrawals",
        asks="Send the chosen customers no marketing mail any more?",
    ),
)
SHOWN = 20


async def show_all(visit: Visit) -> Response:
    """The list, the newest first."""
    asked_for = asked_of(visit, sorts=tuple(queries.SORTS), default="-since", filters=FILTERS)
    async with visit.read() as connection:
        rows = await queries.listed(connection, asked_for, visit.context.performer.lookup_key)
    customers = WorkList(
        "Customers",
        asked_for,
        COLUMNS,
        rows,
        filters=FILTERS,
        searches="Name, or a whole e-mail address",
        deeds=offered(visit, SUPPORT, BULK),
        nothing="No customer yet.",
    )
    return await visit.page("console/customers/list.html", private=True, customers=customers)


async def show_one(visit: Visit) -> Response:
    """One customer with what belongs to them."""
    staff = staff_of(visit)
    async with visit.read() as connection:
        customer = await get_customer(connection, staff, _customer_id(visit))
        figures = await queries.figures_of(connection, customer.id)
        orders = await list_orders(connection, staff, customer_id=customer.id, limit=SHOWN)
        returns = await list_returns(connection, staff, customer_id=customer.id, limit=SHOWN)
        tickets = await list_tickets(connection, staff, customer_id=customer.id, limit=SHOWN)
        history = await history_of(connection, {"shop.customers": [customer.id]})
    return await visit.page(
        "console/customers/customer.html",
        private=True,
        customer=customer,
        figures=figures,
        orders=orders,
        returns=returns,
        tickets=tickets,
        history=history,
    )


async def change_profile(visit: Visit) -> Response:
    """Name, telephone and language; an empty telephone removes it."""
    form = await visit.form()
    action = asked(
        ChangeProfile,
        customer_id=_customer_id(visit),
        name=form.text("name"),
        phone=form.text("phone"),
        language=form.text("language"),
    )
    return await do(visit, action, "The profile is changed.")


async def set_consent(visit: Visit) -> Response:
    """What the customer has said to us."""
    form = await visit.form()
    action = asked(
        SetConsent,
        customer_id=_customer_id(visit),
        marketing_consent=form.is_ticked("marketing_consent"),
        profiling_consent=form.is_ticked("profiling_consent"),
    )
    return await do(visit, action, "The consent is noted.")


async def withdraw_each(visit: Visit) -> Response:
    """No more marketing mail to the chosen ones; consent to profiling stays as it is."""
    chosen = chosen_of(await visit.form())
    profiling: dict[str, bool] = {}
    names: dict[str, str] = {}
    staff: Actor = staff_of(visit)
    async with visit.read() as connection:
        for row in chosen:
            customer = await get_customer(connection, staff, row)
            profiling[row], names[row] = customer.profiling_consent, customer.name or row
    return await do_each(
        visit,
        lambda row: asked(SetConsent, customer_id=row, marketing_consent=False, profiling_consent=profiling[row]),
        "No more marketing mail.",
        names=names,
    )


async def block(visit: Visit) -> Response:
    form = await visit.form()
    action = asked(BlockCustomer, customer_id=_customer_id(visit), reason=form.text("reason"))
    return await do(visit, action, "The customer is blocked, and open sessions have ended.")


async def unblock(visit: Visit) -> Response:
    return await do(visit, asked(UnblockCustomer, customer_id=_customer_id(visit)), "The customer may come again.")


async def forget(visit: Visit) -> Response:
    """For good; only when the word is typed."""
    form = await visit.form()
    if form.text("word").lower() != "forget":
        visit.flash("error", "Nothing was forgotten: type the word forget to say that you mean it.")
        return visit.redirect(f"/console/customers/{_customer_id(visit)}")
    action = asked(ForgetCustomer, customer_id=_customer_id(visit))
    return await do(visit, action, "All personal values are deleted. Orders stay as figures.")


def _customer_id(visit: Visit) -> str:
    return visit.request.path_params["customer_id"]


PAGES = (
    page("/customers", show_all, PEOPLE),
    deed("/customers/consent-withdrawals", withdraw_each, SUPPORT),
    page("/customers/{customer_id}", show_one, PEOPLE),
    deed("/customers/{customer_id}/profile", change_profile, SUPPORT),
    deed("/customers/{customer_id}/consent", set_consent, SUPPORT),
    deed("/customers/{customer_id}/block", block, SUPPORT),
    deed("/customers/{customer_id}/unblock", unblock, SUPPORT),
    deed("/customers/{customer_id}/forgetting", forget, OWNERS),
)
