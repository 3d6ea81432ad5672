"""What is seen of products: the list, one product's page, and the form for a new one."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from bottega.shop import shop_settings
from bottega.web.console.history import history_of
from bottega.web.console.products import queries
from bottega.web.console.products.text_fields import attributes_text
from bottega.web.console.registry import MANAGERS, PEOPLE, offered
from bottega.web.console.shown import value_text
from bottega.web.console.work_list import BulkDeed, Column, Filter, WorkList, asked_of
from bottega.web.forms import NO_FORM, Form
from bottega.web.storefront.pictures.addresses import Picture, picture
from bottega.web.visit import Visit, staff_of

COLUMNS = (
    Column("Product", "title"),
    Column("Category"),
    Column("Variants", is_number=True),
    Column("Price", "price", is_number=True),
    Column("Available", "available", is_number=True),
    Column("Changed", "updated"),
    Column("State"),
)
STATUSES = (("", "All products"), ("published", "Published"), ("draft", "Drafts"), ("archived", "Archived"))
TAX_CLASSES = [("standard", "Standard"), ("reduced", "Reduced"), ("zero", "Zero")]
NEW_FIELDS = (
    "title",
    "handle",
    "brand",
    "description",
    "category_id",
    "tax_class",
    "tags",
    "attributes",
    "sku",
    "price",
)
BULK = (
    BulkDeed("Publish", "/console/products/publication"),
    BulkDeed("Back to draft", "/console/products/unpublication", asks="Take the chosen products off the shop?"),
    BulkDeed("Archive", "/console/products/archival", asks="Archive the chosen products?"),
)


async def show_all(visit: Visit) -> Response:
    """The list, what was changed last first."""
    async with visit.read() as connection:
        settings = await shop_settings.current(connection)
        tops = await queries.top_categories(connection)
        filters = (
            Filter("status", "Show", STATUSES),
            Filter("category", "Category", (("", "Any"), *tops)),
        )
        asked = asked_of(visit, sorts=tuple(queries.SORTS), default="-updated", filters=filters)
        rows = await queries.listed(connection, asked, settings.currency)
    products = WorkList(
        "Products",
        asked,
        COLUMNS,
        rows,
        filters=filters,
        searches="Title, brand, handle or SKU",
        deeds=offered(visit, MANAGERS, BULK),
        nothing="No product yet.",
    )
    return await visit.page(
        "console/products/list.html",
        private=True,
        products=products,
        pictures={row["id"]: _picture(row, row["picture_url"]) for row in products.shown},
        currency=settings.currency,
    )


async def show_one(visit: Visit) -> Response:
    """One product as staff keep it."""
    return await product_page(visit, NO_FORM)


async def product_page(visit: Visit, form: Form, *, status: int = 200) -> Response:
    """The product's page; `form` is the one of its texts when something is wrong with it."""
    now = visit.context.clock.now()
    async with visit.read() as connection:
        settings = await shop_settings.current(connection)
        kept = await queries.kept(connection, visit.request.path_params["product_id"], now)
        categories = await queries.categories(connection)
        history = await history_of(
            connection,
            {
                "shop.products": [kept.product["id"]],
                "shop.variants": [variant["id"] for variant in kept.variants],
                "shop.media": [medium["id"] for medium in kept.media],
            },
            names=staff_of(visit).role in PEOPLE,
        )
    return await visit.page(
        "console/products/product.html",
        status=status,
        private=True,
        product=kept.product,
        variants=kept.variants,
        media=[(medium, _picture(kept.product, medium["url"])) for medium in kept.media],
        drawn=_picture(kept.product, None),
        categories=[("", "None"), *categories],
        tax_classes=TAX_CLASSES,
        currency=settings.currency,
        currencies=_currencies(kept, settings.currency),
        fields=fields_of(kept.product) | {name: values[0] for name, values in form.fields.items()},
        problems=form.problems,
        history=history,
        name_of=_name_of,
    )


async def show_new(visit: Visit) -> Response:
    """An empty form."""
    return await new_page(visit, NO_FORM)


async def new_page(visit: Visit, form: Form, *, status: int = 200) -> Response:
    """The form for a new product, with what is wrong with it."""
    async with visit.read() as connection:
        categories = await queries.categories(connection)
        settings = await shop_settings.current(connection)
    return await visit.page(
        "console/products/new.html",
        status=status,
        private=True,
        categories=[("", "None"), *categories],
        tax_classes=TAX_CLASSES,
        currency=settings.currency,
        fields=dict.fromkeys(NEW_FIELDS, "") | {name: values[0] for name, values in form.fields.items()},
        problems=form.problems,
    )


def fields_of(product: Mapping[str, Any]) -> dict[str, str]:
    """What stands in the form of a product's texts."""
    return {
        "title": product["title"],
        "handle": product["handle"],
        "brand": product["brand"],
        "description": product["description"],
        "category_id": product["category_id"] or "",
        "tax_class": product["tax_class"],
        "tags": ", ".join(product["tags"]),
        "attributes": attributes_text(product["attributes"]),
    }


def _picture(product: Mapping[str, Any], url: str | None) -> Picture:
    return picture(product["id"], product["title"], product["category"], url, None)


def _name_of(variant: Mapping[str, Any]) -> str:
    """A variant by its option values."""
    values: Mapping[str, Any] = variant["option_values"]
    return ", ".join(value_text(value) for value in values.values())


def _currencies(kept: queries.Kept, own: str) -> list[str]:
    """The shop's own currency first, then those that some variant has a price in."""
    return [own, *sorted({price["currency"] for _, price in kept.prices} - {own})]
