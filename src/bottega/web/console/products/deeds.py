"""What is done about products: texts, publication, variants, prices and pictures; one or many."""

from collections.abc import Callable
from typing import Any, cast

from starlette.responses import Response

from bottega.actions.action import Action
from bottega.actions.outcome import Done
from bottega.kernel.errors import Invalid
from bottega.platform.pictures.parts import LARGEST_BYTES
from bottega.shop import shop_settings
from bottega.shop.catalogue.actions import (
    AddMedia,
    AddVariants,
    ArchiveProduct,
    ChangeProduct,
    ChangeVariant,
    CreateProduct,
    OrderMedia,
    PublishProduct,
    RemoveMedia,
    UnpublishProduct,
)
from bottega.shop.catalogue.model import LONGEST_ALT, handle_of
from bottega.shop.flows.upload_picture import taken_in
from bottega.shop.prices.actions import SetPrices
from bottega.web.console.asking import amount, asked
from bottega.web.console.doing import chosen_of, do, do_each, tell
from bottega.web.console.products import queries
from bottega.web.console.products.text_fields import attributes_of, list_of
from bottega.web.console.products.views import new_page, product_page
from bottega.web.console.registry import MANAGERS, deed
from bottega.web.forms import Form
from bottega.web.uploads import read_upload
from bottega.web.visit import Visit, came_from, staff_of

PRICE_PREFIX = "price."
COST_PREFIX = "cost."


def _product_id(visit: Visit) -> str:
    return visit.request.path_params["product_id"]


async def change(visit: Visit) -> Response:
    """The texts; only what differs is changed."""
    form = await visit.form()
    async with visit.read() as connection:
        kept = await queries.kept(connection, _product_id(visit), visit.context.clock.now())
    changes = {name: value for name, value in _texts(form).items() if kept.product[name] != _plain(value)}
    if not form.problems and not changes:
        visit.flash("note", "Nothing is different.")
        return visit.redirect(f"/console/products/{kept.product['id']}")
    action = None
    if not form.problems:
        action = form.record(ChangeProduct, {"product_id": kept.product["id"], **changes})
    if action is None:
        return await product_page(visit, form, status=422)
    return await do(visit, action, "The product is changed.", then=f"/console/products/{kept.product['id']}")


async def create(visit: Visit) -> Response:
    """A draft with one variant and its price; options, pictures and more variants follow on its page."""
    form = await visit.form()
    async with visit.read() as connection:
        currency = (await shop_settings.current(connection)).currency
    price = _noted_amount(form, "price", currency)
    values = {name: value for name, value in _texts(form).items() if value not in ("", None)}
    sku = form.text("sku") or handle_of(form.text("title")).upper()
    action = None
    if not form.problems:
        action = form.record(CreateProduct, {**values, "variants": [{"sku": sku}]})
    if action is None:
        return await new_page(visit, form, status=422)
    outcome = await visit.perform(action, form.key)
    tell(visit, outcome, "The draft is there. Publish it when it is complete.")
    if not isinstance(outcome, Done):
        return await new_page(visit, form, status=409)
    if price is not None:
        line = {"variant_id": outcome.result["variant_ids"][0], "currency": currency, "amount_minor": price}
        priced = await visit.perform(asked(SetPrices, prices=[line]), form.key)
        if not isinstance(priced, Done):
            tell(visit, priced, "")
    return visit.redirect(f"/console/products/{outcome.result['product_id']}")


async def publish(visit: Visit) -> Response:
    return await do(visit, asked(PublishProduct, product_id=_product_id(visit)), "Shoppers see it now.")


async def unpublish(visit: Visit) -> Response:
    return await do(visit, asked(UnpublishProduct, product_id=_product_id(visit)), "It is a draft again.")


async def archive(visit: Visit) -> Response:
    return await do(visit, asked(ArchiveProduct, product_id=_product_id(visit)), "It is archived.")


async def publish_each(visit: Visit) -> Response:
    return await _each(visit, lambda row: asked(PublishProduct, product_id=row), "Published.")


async def unpublish_each(visit: Visit) -> Response:
    return await _each(visit, lambda row: asked(UnpublishProduct, product_id=row), "Drafts again.")


async def archive_each(visit: Visit) -> Response:
    return await _each(visit, lambda row: asked(ArchiveProduct, product_id=row), "Archived.")


async def set_prices(visit: Visit) -> Response:
    """The prices and costs of the table that differ, as one action."""
    form = await visit.form()
    async with visit.read() as connection:
        kept = await queries.kept(connection, _product_id(visit), visit.context.clock.now())
    known = {(variant_id, price["currency"]): price for variant_id, price in kept.prices}
    lines: list[dict[str, Any]] = []
    for name in form.fields:
        if not name.startswith(PRICE_PREFIX) or not form.text(name):
            continue
        variant_id, _, currency = name.removeprefix(PRICE_PREFIX).partition(".")
        standing = known.get((variant_id, currency), {})
        price = amount(form, name, currency)
        cost = amount(form, f"{COST_PREFIX}{variant_id}.{currency}", currency)
        if (price, cost or standing.get("cost_minor")) != (standing.get("amount_minor"), standing.get("cost_minor")):
            line = {"variant_id": variant_id, "currency": currency, "amount_minor": price, "cost_minor": cost}
            lines.append(line)
    if not lines:
        visit.flash("note", "No price is different.")
        return visit.redirect(f"/console/products/{kept.product['id']}")
    return await do(visit, asked(SetPrices, prices=lines), f"{len(lines)} changed.")


async def change_variant(visit: Visit) -> Response:
    """SKU, barcode, weight, options, and whether it is sold."""
    form = await visit.form()
    options = {name.removeprefix("option."): form.text(name) for name in form.fields if name.startswith("option.")}
    action = asked(
        ChangeVariant,
        variant_id=visit.request.path_params["variant_id"],
        sku=form.text("sku"),
        barcode=form.text("barcode"),
        weight_grams=form.number("weight_grams"),
        active=form.is_ticked("active"),
        **({"option_values": options} if options else {}),
    )
    return await do(visit, action, "The variant is changed.")


async def add_variant(visit: Visit) -> Response:
    """One more variant, with a value for each of the product's options."""
    form = await visit.form()
    options = {name.removeprefix("option."): form.text(name) for name in form.fields if name.startswith("option.")}
    variant = {
        "sku": form.text("sku"),
        "option_values": options,
        "barcode": form.text("barcode"),
        "weight_grams": form.number("weight_grams"),
    }
    action = asked(AddVariants, product_id=_product_id(visit), variants=[variant])
    return await do(visit, action, "The variant is added. It has no price yet.")


async def add_picture(visit: Visit) -> Response:
    """A picture by its address."""
    form = await visit.form()
    medium = {"url": form.text("url"), "alt": form.text("alt")}
    return await do(visit, asked(AddMedia, product_id=_product_id(visit), media=[medium]), "The picture is added.")


async def upload_picture(visit: Visit) -> Response:
    """A picture out of a file."""
    form, data = await read_upload(visit.request, "picture", largest_bytes=LARGEST_BYTES)
    alt = form.text("alt")
    if len(alt) > LONGEST_ALT:
        raise Invalid("alt_too_long", f"What it shows is told in at most {LONGEST_ALT} characters.")
    product_id = _product_id(visit)
    context = visit.context
    upload = await taken_in(data, alt, context.clock.now())
    action = asked(AddMedia, product_id=product_id, media=[upload.medium])
    outcome = await context.performer.perform(
        action, by=staff_of(visit), key=form.key, because=visit.cause, alongside=upload.keep
    )
    await upload.keep_for_decision(context.database, outcome)
    tell(visit, outcome, "The picture is added.")
    return visit.redirect(came_from(visit))


async def remove_picture(visit: Visit) -> Response:
    action = asked(RemoveMedia, media_id=visit.request.path_params["media_id"])
    return await do(visit, action, "The picture is taken away.")


async def put_first(visit: Visit) -> Response:
    """The picture that lists show."""
    async with visit.read() as connection:
        kept = await queries.kept(connection, _product_id(visit), visit.context.clock.now())
    first = visit.request.path_params["media_id"]
    others = [medium["id"] for medium in kept.media if medium["id"] != first]
    if len(others) == len(kept.media):
        raise Invalid("no_such_picture", "This product has no such picture.", next_step="Load the page again.")
    action = asked(OrderMedia, product_id=kept.product["id"], media_ids=[first, *others])
    return await do(visit, action, "It is the first picture now.")


async def _each(visit: Visit, action_of: Callable[[str], Action], said: str) -> Response:
    chosen = chosen_of(await visit.form())
    async with visit.read() as connection:
        names = await queries.titles_of(connection, chosen)
    return await do_each(visit, action_of, said, names=names)


def _texts(form: Form) -> dict[str, Any]:
    """The fields of the form, as actions take them; what cannot be read is noted."""
    return {
        "title": form.text("title"),
        "handle": form.text("handle"),
        "brand": form.text("brand"),
        "description": form.exact("description").replace("\r\n", "\n").strip(),
        "category_id": form.optional("category_id"),
        "tax_class": form.text("tax_class", "standard"),
        "tags": list_of(form, "tags"),
        "attributes": attributes_of(form, "attributes"),
    }


def _plain(value: Any) -> Any:
    """As the database gives it."""
    return [*cast("tuple[Any, ...]", value)] if isinstance(value, tuple) else value


def _noted_amount(form: Form, name: str, currency: str) -> int | None:
    try:
        return amount(form, name, currency)
    except Invalid as refusal:
        form.problems[name] = refusal.message
        return None


DEEDS = (
    deed("/products", create, MANAGERS),
    deed("/products/publication", publish_each, MANAGERS),
    deed("/products/unpublication", unpublish_each, MANAGERS),
    deed("/products/archival", archive_each, MANAGERS),
    deed("/products/{product_id}", change, MANAGERS),
    deed("/products/{product_id}/publication", publish, MANAGERS),
    deed("/products/{product_id}/unpublication", unpublish, MANAGERS),
    deed("/products/{product_id}/archival", archive, MANAGERS),
    deed("/products/{product_id}/prices", set_prices, MANAGERS),
    deed("/products/{product_id}/variants", add_variant, MANAGERS),
    deed("/products/{product_id}/variants/{variant_id}", change_variant, MANAGERS),
    deed("/products/{product_id}/pictures", add_picture, MANAGERS),
    deed("/products/{product_id}/pictures/upload", upload_picture, MANAGERS),
    deed("/products/{product_id}/pictures/{media_id}/removal", remove_picture, MANAGERS),
    deed("/products/{product_id}/pictures/{media_id}/first", put_first, MANAGERS),
)
