"""The list of promotions, one promotion with its terms and uses, and what is done about it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from starlette.responses import Response

from bottega.actions.outcome import Done, Held
from bottega.kernel.errors import Invalid
from bottega.shop import shop_settings
from bottega.shop.promotions.actions import ChangePromotion, CreatePromotion, DeactivatePromotion
from bottega.shop.promotions.errors import NoSuchPromotion
from bottega.shop.promotions.model import Promotion
from bottega.shop.promotions.queries import promotion as get_promotion
from bottega.web.console.asking import amount, asked
from bottega.web.console.doing import approval_of, chosen_of, do, do_each, tell
from bottega.web.console.history import history_of
from bottega.web.console.promotions import queries
from bottega.web.console.registry import EVERYBODY, MANAGERS, PEOPLE, deed, offered, page
from bottega.web.console.shown import plain_amount
from bottega.web.console.work_list import BulkDeed, Column, Filter, WorkList, asked_of
from bottega.web.forms import NO_FORM, Form
from bottega.web.visit import Visit, staff_of

COLUMNS = (
    Column("Promotion", "name"),
    Column("Code"),
    Column("Takes off"),
    Column("For"),
    Column("Used", "used", is_number=True),
    Column("Taken off so far", is_number=True),
    Column("Ends"),
    Column("State"),
)
FILTERS = (
    Filter("state", "Show", (("", "All"), ("current", "Current"), ("coming", "Coming"), ("over", "Over"))),
    Filter("kind", "Kind", (("", "Any"), ("coupon", "Coupons"), ("automatic", "Automatic"))),
)
BULK = (BulkDeed("End them", "/console/promotions/deactivations", asks="End the chosen promotions now?"),)
KINDS = [("percent", "Percent"), ("amount", "An amount"), ("free_shipping", "Free shipping")]
FIELDS = (
    "name",
    "code",
    "kind",
    "value",
    "minimum",
    "limit_total",
    "limit_per_customer",
    "combinable",
    "starts_at",
    "ends_at",
    "scope",
)


async def show_all(visit: Visit) -> Response:
    """The list, the newest first."""
    now = visit.context.clock.now()
    asked_for = asked_of(visit, sorts=tuple(queries.SORTS), default="-made", filters=FILTERS)
    async with visit.read() as connection:
        settings = await shop_settings.current(connection)
        rows = await queries.listed(connection, asked_for, now)
    promotions = WorkList(
        "Promotions",
        asked_for,
        COLUMNS,
        rows,
        filters=FILTERS,
        searches="Code or name",
        deeds=offered(visit, MANAGERS, BULK),
        nothing="No promotion yet.",
    )
    return await visit.page(
        "console/promotions/list.html",
        private=True,
        promotions=promotions,
        currency=settings.currency,
        states={row["id"]: state_of(row, now) for row in promotions.shown},
        takes_off=takes_off,
    )


async def show_new(visit: Visit) -> Response:
    """An empty form."""
    return await _new_page(visit, NO_FORM)


async def show_one(visit: Visit) -> Response:
    """One promotion."""
    return await _page(visit, NO_FORM)


async def create(visit: Visit) -> Response:
    """A coupon with a code, or an automatic discount without."""
    form = await visit.form()
    currency = await _currency(visit)
    values = _terms(form, currency, form.text("kind"))
    scope = form.text("scope")
    values["kind"] = form.text("kind")
    values["code"] = form.optional("code")
    values["category_id"] = scope if scope.startswith("cat_") else None
    values["collection_id"] = scope if scope.startswith("col_") else None
    action = None if form.problems else form.record(CreatePromotion, values)
    if action is None:
        return await _new_page(visit, form, status=422)
    outcome = await visit.perform(action, form.key)
    tell(visit, outcome, "The promotion holds." if not values["starts_at"] else "The promotion is there.")
    if isinstance(outcome, Done):
        return visit.redirect(f"/console/promotions/{outcome.result['promotion_id']}")
    return (
        visit.redirect(approval_of(outcome)) if isinstance(outcome, Held) else await _new_page(visit, form, status=409)
    )


async def change(visit: Visit) -> Response:
    """All terms anew; kind, code and scope stay."""
    form = await visit.form()
    async with visit.read() as connection:
        found = await _found(visit, connection)
    values = _terms(form, found.currency or await _currency(visit), found.kind)
    action = None if form.problems else form.record(ChangePromotion, {"promotion_id": found.id, **values})
    if action is None:
        return await _page(visit, form, status=422)
    return await do(visit, action, "The terms are changed.", then=f"/console/promotions/{found.id}")


async def end(visit: Visit) -> Response:
    action = asked(DeactivatePromotion, promotion_id=visit.request.path_params["promotion_id"])
    return await do(visit, action, "The promotion has ended.")


async def end_each(visit: Visit) -> Response:
    async with visit.read() as connection:
        names = await queries.names_of(connection, chosen_of(await visit.form()))
    return await do_each(visit, lambda row: asked(DeactivatePromotion, promotion_id=row), "Ended.", names=names)


def state_of(row: Mapping[str, Any], now: datetime) -> str:
    """Whether it holds now."""
    if not row["active"] or (row["ends_at"] is not None and row["ends_at"] <= now):
        return "over"
    return "coming" if row["starts_at"] is not None and row["starts_at"] > now else "current"


def takes_off(row: Mapping[str, Any]) -> str:
    """What it takes off, without its currency's sign."""
    match row["kind"]:
        case "percent":
            return f"{row['percent'].normalize():f} %"
        case "amount":
            return f"{plain_amount(row['amount_minor'], row['currency'])} {row['currency']}"
        case _:
            return "the shipping"


def _terms(form: Form, currency: str, kind: str) -> dict[str, Any]:
    """The terms of the form as actions take them; what cannot be read is noted."""
    return {
        "name": form.text("name"),
        "percent": form.text("value").replace(",", ".") or None if kind == "percent" else None,
        "amount_minor": _amount(form, "value", currency) if kind == "amount" else None,
        "currency": currency,
        "minimum_subtotal_minor": _amount(form, "minimum", currency) or 0,
        "limit_total": form.text("limit_total") or None,
        "limit_per_customer": form.text("limit_per_customer") or None,
        "combinable": form.is_ticked("combinable"),
        "starts_at": _moment(form, "starts_at"),
        "ends_at": _moment(form, "ends_at"),
    }


def _amount(form: Form, name: str, currency: str) -> int | None:
    try:
        return amount(form, name, currency)
    except Invalid as refusal:
        form.problems[name] = refusal.message
        return None


def _moment(form: Form, name: str) -> datetime | None:
    """What a field for day and time holds, in UTC."""
    text = form.text(name)
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        form.problems[name] = "Write it as 2026-12-24T18:00."
        return None


def _fields(found: Promotion, currency: str) -> dict[str, str]:
    value = f"{found.percent.normalize():f}" if found.percent is not None else ""
    return {
        "name": found.name,
        "value": plain_amount(found.amount_minor, found.currency or currency) if found.kind == "amount" else value,
        "minimum": plain_amount(found.minimum_subtotal_minor or None, found.currency or currency),
        "limit_total": str(found.limit_total or ""),
        "limit_per_customer": str(found.limit_per_customer or ""),
        "combinable": "yes" if found.combinable else "",
        "starts_at": _field_of(found.starts_at),
        "ends_at": _field_of(found.ends_at),
    }


def _field_of(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M}"


async def _page(visit: Visit, form: Form, *, status: int = 200) -> Response:
    now = visit.context.clock.now()
    async with visit.read() as connection:
        settings = await shop_settings.current(connection)
        found = await _found(visit, connection)
        uses = await queries.uses_of(connection, found.id)
        scope = await queries.scope_of(connection, found.category_id, found.collection_id)
        history = await history_of(connection, {"shop.promotions": [found.id]}, names=staff_of(visit).role in PEOPLE)
    given = {name: values[0] for name, values in form.fields.items()}
    if given:
        given.setdefault("combinable", "")
    row = {name: getattr(found, name) for name in Promotion.__slots__}
    return await visit.page(
        "console/promotions/promotion.html",
        status=status,
        private=True,
        promotion=found,
        state=state_of(row, now),
        off=takes_off(row),
        scope=scope,
        uses=uses,
        history=history,
        currency=found.currency or settings.currency,
        fields=_fields(found, settings.currency) | given,
        problems=form.problems,
    )


async def _new_page(visit: Visit, form: Form, *, status: int = 200) -> Response:
    given = {name: values[0] for name, values in form.fields.items()}
    async with visit.read() as connection:
        settings = await shop_settings.current(connection)
        scopes = await queries.scopes(connection)
    return await visit.page(
        "console/promotions/new.html",
        status=status,
        private=True,
        kinds=KINDS,
        scopes=[("", "All products"), *scopes],
        currency=settings.currency,
        fields=dict.fromkeys(FIELDS, "") | {"kind": "percent"} | given,
        problems=form.problems,
    )


async def _found(visit: Visit, connection: Any) -> Promotion:
    promotion_id = visit.request.path_params["promotion_id"]
    found = await get_promotion(connection, promotion_id)
    if found is None:
        raise NoSuchPromotion(promotion_id)
    return found


async def _currency(visit: Visit) -> str:
    async with visit.read() as connection:
        return (await shop_settings.current(connection)).currency


PAGES = (
    page("/promotions", show_all, EVERYBODY),
    page("/promotions/new", show_new, MANAGERS),
    deed("/promotions", create, MANAGERS),
    deed("/promotions/deactivations", end_each, MANAGERS),
    page("/promotions/{promotion_id}", show_one, EVERYBODY),
    deed("/promotions/{promotion_id}", change, MANAGERS),
    deed("/promotions/{promotion_id}/deactivation", end, MANAGERS),
)
