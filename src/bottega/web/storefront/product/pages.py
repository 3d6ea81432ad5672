"""One product: its options, when it comes, what others say about it, and what is like it."""

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.responses import Response

from bottega.platform.database.pool import Connection
from bottega.shop import shop_settings
from bottega.shop.catalogue.detail import product_detail
from bottega.shop.catalogue.errors import NoSuchProduct
from bottega.shop.catalogue.similar import SimilarProducts, similar_products
from bottega.shop.reviews.actions import WriteReview
from bottega.shop.reviews.queries import reviews_of_product
from bottega.shop.shop_settings import ShopSettings
from bottega.web.faces import get, post
from bottega.web.storefront.goods.colours import with_colours
from bottega.web.storefront.goods.facts import facts_of
from bottega.web.storefront.goods.promise import Promise, shipping_promise
from bottega.web.storefront.listing.clicks import note_click
from bottega.web.storefront.product.options import choice_of, options_of
from bottega.web.storefront.viewed import visits
from bottega.web.visit import SignInNeeded, Visit

SIMILAR_SHOWN = 4
REVIEWS_SHOWN = 6


async def show(visit: Visit) -> Response:
    """The product, with the variant that the address names or the first one in stock chosen."""
    handle = visit.request.path_params["handle"]
    async with visit.read() as connection:
        settings = await shop_settings.current(connection)
        product = await read_product(connection, visit, handle)
        reviews = await reviews_of_product(connection, product["id"], limit=REVIEWS_SHOWN + 1)
        chosen = choice_of(product, visit.request.query_params)
        similar = await _similar(connection, visit, product)
        viewed = await visits.last_viewed(connection, visit, settings.currency, [product["id"]])
        promise = await _promise(connection, visit, settings, chosen)
        trail = await _trail(connection, product)
    visits.note(visit, product["id"])
    note_click(visit, product["id"])
    return await visit.page(
        "storefront/product/product.html",
        product=product,
        options=options_of(product, chosen),
        chosen=chosen,
        reviews=reviews[:REVIEWS_SHOWN],
        more_reviews=len(reviews) > REVIEWS_SHOWN,
        similar=similar,
        viewed=viewed,
        promise=promise,
        trail=trail,
        low_stock=settings.low_stock_threshold,
        questions=questions_about(product),
        on_screen=product["id"],
        facts=facts_of(product["attributes"]),
    )


def questions_about(product: Mapping[str, Any]) -> tuple[str, ...]:
    """What people ask on a product's page."""
    sized = any(name.casefold() == "size" for name in product["option_names"])
    return (
        f"Is the {product['title']} in stock?",
        f"What is the {product['title']} made of?",
        "How do I find my size?" if sized else "How long does delivery take?",
    )


async def choice(visit: Visit) -> Response:
    """Price, stock, delivery and picture of the variant that options name, for the open page."""
    handle = visit.request.path_params["handle"]
    async with visit.read() as connection:
        settings = await shop_settings.current(connection)
        product = await read_product(connection, visit, handle)
        chosen = choice_of(product, visit.request.query_params)
        promise = await _promise(connection, visit, settings, chosen)
    return await visit.part(
        "storefront/product/chosen.html",
        product=product,
        options=product["option_names"],
        chosen=chosen,
        promise=promise,
        low_stock=settings.low_stock_threshold,
    )


async def all_reviews(visit: Visit) -> Response:
    """Every published review, page by page."""
    handle = visit.request.path_params["handle"]
    before = visit.request.query_params.get("before", "")[:40]
    async with visit.read() as connection:
        product = await read_product(connection, visit, handle)
        reviews = await reviews_of_product(connection, product["id"], before=before, limit=31)
    return await visit.page("storefront/product/reviews.html", product=product, reviews=reviews[:30], more=reviews[30:])


async def write_review(visit: Visit) -> Response:
    """A review by somebody with an account; colleagues read it before others do."""
    handle = visit.request.path_params["handle"]
    if not visit.is_signed_in:
        raise SignInNeeded
    form = await visit.form()
    async with visit.read() as connection:
        product = await read_product(connection, visit, handle)
    action = form.record(
        WriteReview,
        {
            "product_id": product["id"],
            "rating": form.number("rating"),
            "title": form.text("title"),
            "text": form.text("text"),
            "author": form.text("author"),
        },
    )
    if action is None:
        visit.flash("error", "Please give between one and five stars and write a few words.")
    else:
        await visit.done(action, form.key)
        visit.flash("done", "Thank you. Your review appears as soon as a colleague has read it.")
    return visit.redirect(f"/p/{handle}#reviews")


async def read_product(connection: Connection, visit: Visit, handle: str) -> dict[str, Any]:
    """The product as shoppers see it, in the shop's currency."""
    currency = (await shop_settings.current(connection)).currency
    text = await product_detail(connection, handle[:120].replace("\0", ""), currency, visit.context.clock.now())
    return orjson.loads(text)


async def _promise(
    connection: Connection, visit: Visit, settings: ShopSettings, chosen: Mapping[str, Any] | None
) -> Promise:
    weight, worth = (0, 0) if chosen is None else (chosen["weight_grams"], chosen["price_minor"] or 0)
    return await shipping_promise(
        connection, settings, visit.context.clock.now(), weight_grams=weight, subtotal_minor=worth
    )


async def _similar(connection: Connection, visit: Visit, product: dict[str, Any]) -> list[dict[str, Any]]:
    """What colleagues relate to it, filled up with what is like it."""
    found: list[dict[str, Any]] = list(product["related"][:SIMILAR_SHOWN])
    if len(found) < SIMILAR_SHOWN:
        besides = [card["id"] for card in found]
        number = SIMILAR_SHOWN - len(found)
        now = visit.context.clock.now()
        try:
            like = await similar_products(
                connection, product["id"], product["currency"], now, besides=besides, limit=number
            )
        except NoSuchProduct:
            # Published a moment ago, or without a price: the index does not know it.
            like = SimilarProducts([])
        found += [orjson.loads(card) for card in like.cards]
    await with_colours(connection, found)
    return found


async def _trail(connection: Connection, product: dict[str, Any]) -> list[dict[str, str]]:
    """The departments above it, from the top."""
    if product["category"] is None:
        return []
    rows = await connection.fetch(
        "SELECT path, title FROM shop.categories WHERE $1 = path OR $1 LIKE path || '/%' ORDER BY path",
        product["category"]["path"],
    )
    return [dict(row) for row in rows]


PAGES = (
    get("/p/{handle}", show),
    get("/p/{handle}/choice", choice),
    get("/p/{handle}/reviews", all_reviews),
    post("/p/{handle}/reviews", write_review),
)
