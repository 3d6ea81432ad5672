"""The page of settings, with the locations where goods lie, taxes and ways of shipping as they are."""

from starlette.responses import Response

from bottega.actions.outcome import Done
from bottega.shop import shop_settings
from bottega.shop.shipping.queries import all_methods, zones
from bottega.shop.shop_settings import ChangeShopSettings
from bottega.shop.stock.actions import ChangeLocation, CreateLocation
from bottega.shop.stock.queries import locations
from bottega.web.console.asking import asked
from bottega.web.console.doing import do, tell
from bottega.web.console.history import history_of
from bottega.web.console.registry import EVERYBODY, MANAGERS, PEOPLE, deed, page
from bottega.web.console.settings import queries
from bottega.web.console.settings.fields import groups_of, values_of
from bottega.web.forms import NO_FORM, Form
from bottega.web.visit import Visit, staff_of


async def show(visit: Visit) -> Response:
    """Every setting."""
    return await _page(visit, NO_FORM)


async def change(visit: Visit) -> Response:
    """Those that differ, as one action."""
    form = await visit.form()
    async with visit.read() as connection:
        settings = await shop_settings.stored(connection)
    values = values_of(form, settings)
    if form.problems:
        return await _page(visit, form, status=422)
    if not values:
        visit.flash("note", "Nothing is different.")
        return visit.redirect("/console/settings")
    outcome = await visit.perform(asked(ChangeShopSettings, values=values), form.key)
    tell(visit, outcome, "Saved. Every process follows within five seconds.")
    return visit.redirect("/console/settings") if isinstance(outcome, Done) else await _page(visit, form, status=409)


async def create_location(visit: Visit) -> Response:
    form = await visit.form()
    action = asked(
        CreateLocation,
        handle=form.text("handle"),
        name=form.text("name"),
        kind=form.text("kind"),
        priority=form.number("priority"),
    )
    return await do(visit, action, "The location is there.")


async def change_location(visit: Visit) -> Response:
    form = await visit.form()
    action = asked(
        ChangeLocation,
        location_id=visit.request.path_params["location_id"],
        name=form.text("name"),
        priority=form.number("priority"),
        active=form.is_ticked("active"),
    )
    return await do(visit, action, "The location is changed.")


async def _page(visit: Visit, form: Form, *, status: int = 200) -> Response:
    async with visit.read() as connection:
        settings = await shop_settings.stored(connection)
        groups = groups_of(settings)
        places = await locations(connection)
        methods = await all_methods(connection)
        zone_names = {zone.id: zone.name for zone in await zones(connection)}
        rates = await queries.rates_in_force(connection, visit.context.clock.now().date())
        history = await history_of(
            connection,
            {"shop.shop_settings": [setting.name for group in groups for setting in group.settings]},
            names=staff_of(visit).role in PEOPLE,
        )
    given = {name: values[0] for name, values in form.fields.items()}
    return await visit.page(
        "console/settings/settings.html",
        status=status,
        private=True,
        groups=groups,
        given=given,
        problems=form.problems,
        settings=settings,
        locations=places,
        methods=methods,
        zone_names=zone_names,
        rates=rates,
        history=history,
        kinds=[("warehouse", "Warehouse"), ("store", "Store")],
    )


PAGES = (
    page("/settings", show, EVERYBODY),
    deed("/settings", change, MANAGERS),
    deed("/settings/locations", create_location, MANAGERS),
    deed("/settings/locations/{location_id}", change_location, MANAGERS),
)
