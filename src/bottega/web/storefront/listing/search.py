"""Search: what a shopper says, how it was understood, and what was found; every constraint can be taken away."""

from dataclasses import dataclass
from typing import Any

import orjson
from starlette.responses import Response

from bottega.platform.database.pool import Connection
from bottega.retrieval.search import embedder_of
from bottega.shop import shop_settings
from bottega.shop.catalogue.facets import FacetCount, Facets
from bottega.shop.catalogue.search import search_products
from bottega.shop.catalogue.search_records import SearchPage, SearchRequest
from bottega.shop.catalogue.taste import Taste
from bottega.shop.flows.shopper_taste import taste_of
from bottega.web.faces import get
from bottega.web.storefront.goods.colours import with_colours
from bottega.web.storefront.listing.pages import Found
from bottega.web.storefront.listing.wish import PAGE_SIZE, SEARCH, SEARCH_SORTS, Chip, wish_of
from bottega.web.visit import Visit

BRANDS_SHOWN = 24
TAGS_SHOWN = 16
# In the address: without what is known of the shopper.
IMPERSONAL = "impersonal"


@dataclass(frozen=True, slots=True)
class Understood:
    """How the sentence was read, as chips to take away, chips to bring back, and remarks."""

    chips: tuple[Chip, ...]
    removed: tuple[Chip, ...]
    remarks: tuple[str, ...]


async def search(visit: Visit) -> Response:
    """A page of what fits a shopper's words."""
    async with visit.context.database.search() as connection:
        currency = (await shop_settings.current(connection)).currency
        wish = wish_of(visit.request.query_params, SEARCH, currency)
        if not wish.text:
            return visit.redirect("/products")
        request = SearchRequest(
            wish.text,
            wish.filters,
            sort=wish.sort,
            without=frozenset(wish.removed),
            after=wish.after,
            limit=PAGE_SIZE,
            facets=not wish.after,
            taste=await _taste(connection, visit),
        )
        embedder = embedder_of(visit.context.services)
        notes = visit.context.search_notes
        page = await search_products(connection, request, visit.context.clock.now(), embedder=embedder, notes=notes)
        cards = [orjson.loads(card) for card in page.cards]
        await with_colours(connection, cards)
        facets = None if page.facets is None else await _facets(connection, page)
    following = None if page.next_position is None else wish.next_address(page.next_position)
    found = Found(wish, cards, facets, following)
    if visit.is_partial and wish.after:
        return await visit.part("storefront/listing/more.html", found=found)
    understood = Understood(
        tuple(Chip(one.stated.label, wish.without(one.stated.key)) for one in page.constraints),
        tuple(Chip(one.stated.label, wish.with_again(one.stated.key)) for one in page.removed),
        tuple(_remarks(page)),
    )
    return await visit.page(
        "storefront/listing/search.html",
        found=found,
        understood=understood,
        total=page.total,
        total_is_exact=page.total_is_exact,
        did_you_mean=None if page.did_you_mean is None else Chip(page.did_you_mean, wish.saying(page.did_you_mean)),
        personal=page.personal,
        impersonal=f"{wish.here}&{IMPERSONAL}=1",
        sorts=SEARCH_SORTS,
        trail=(),
        department=None,
    )


async def _taste(connection: Connection, visit: Visit) -> Taste | None:
    """What somebody with an account tends to choose, when they allow that and do not want it left out here."""
    if visit.actor is None or not visit.is_signed_in or IMPERSONAL in visit.request.query_params:
        return None
    return await taste_of(connection, visit.actor.id)


def _remarks(page: SearchPage) -> list[str]:
    """What the shopper should know about how the search went."""
    remarks = [f"Read “{one.said}” as “{one.read}”." for one in page.corrections]
    dropped = ", ".join(one.stated.label for one in page.relaxed.dropped)
    if dropped:
        remarks.append(f"Nothing met all of it, so we left out: {dropped}.")
    widened = ", ".join(one.stated.label for one in page.relaxed.widened)
    if widened:
        remarks.append(f"Taken less narrowly: {widened}.")
    if page.relaxed.words:
        remarks.append(f"Nothing among these says “{page.relaxed.words}”.")
    return remarks


async def _facets(connection: Connection, page: SearchPage) -> Facets:
    """The counted facets with the names that people know them by."""
    counted: dict[str, Any] = page.facets or {}
    brands = dict(counted.get("brand", ()))
    categories = dict(counted.get("category", ()))
    names = await connection.fetch(
        "SELECT DISTINCT ON (lower(brand)) lower(brand) AS value, brand FROM shop.products "
        "WHERE lower(brand) = ANY ($1::text[])",
        list(brands),
    )
    titles = await connection.fetch(
        "SELECT path, title FROM shop.categories WHERE path = ANY ($1::text[])", list(categories)
    )
    prices = [int(bound) for text, _ in counted.get("price", ()) for bound in text.split("-")]
    found_brands = [FacetCount(row["value"], row["brand"], brands[row["value"]]) for row in names]
    # A department that has all of it narrows nothing.
    found_categories = [
        FacetCount(row["path"], row["title"], categories[row["path"]])
        for row in titles
        if categories[row["path"]] < page.total
    ]
    tags = [FacetCount(value, value.capitalize(), number) for value, number in counted.get("tag", ())]
    return Facets(
        page.total,
        min(prices, default=None),
        max(prices, default=None),
        dict(counted.get("in_stock", ())).get("yes", 0),
        dict(counted.get("on_sale", ())).get("yes", 0),
        tuple(sorted(found_brands, key=lambda one: -one.products)[:BRANDS_SHOWN]),
        tuple(tags[:TAGS_SHOWN]),
        tuple(sorted(found_categories, key=lambda one: -one.products)),
    )


PAGES = (get(SEARCH, search),)
