"""Search: products by what a shopper says, with the filters of the product list."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from bottega.entrance.identity import identify
from bottega.gateway.answers import (
    DEFAULT_PAGE,
    LARGEST_PAGE,
    Page,
    answer_with_etag,
    card_page,
    decode_cursor,
)
from bottega.gateway.bodies import RequestBody
from bottega.gateway.caller import Context
from bottega.gateway.problems import responses
from bottega.gateway.product_filters import chosen_filters, in_currency
from bottega.kernel.identifiers import ProductId
from bottega.retrieval.search import embedder_of
from bottega.shop import shop_settings
from bottega.shop.catalogue.listing import Filters, ProductCard
from bottega.shop.catalogue.queries import check_published
from bottega.shop.catalogue.search import search_products
from bottega.shop.catalogue.search_notes import LOWEST_POSITION
from bottega.shop.catalogue.search_records import SearchRequest, SearchSort
from bottega.shop.catalogue.suggestions import MOST_SUGGESTED, suggestions
from bottega.shop.flows.shopper_taste import taste_of

router = APIRouter(prefix="/search", tags=["catalogue"])


class ConstraintShown(BaseModel):
    """Something the sentence asked for; pass `key` as `without` to take it away."""

    key: str
    label: str
    said: str
    strength: str


class RelaxedShown(BaseModel):
    """What was given up or taken less narrowly because nothing met all of it."""

    dropped: list[ConstraintShown]
    widened: list[ConstraintShown]
    words: Annotated[str, Field(description="Words that nothing has among what meets the constraints.")]


class CorrectionShown(BaseModel):
    """A word that was read as another."""

    said: str
    read: str


class FacetValue(BaseModel):
    """A value with how many of the products found have it."""

    value: str
    products: int


class ExplanationShown(BaseModel):
    """Why a product stands where it does; ranks count from 1, null where it was not found that way."""

    product_id: str
    score: float
    bm25: float
    keyword_rank: int | None
    coverage: Annotated[float, Field(description="How much of the words it answers, from 0 to 1.")]
    words: list[str]
    missing: list[str]
    cosine: float | None
    meaning_rank: int | None
    in_stock: bool
    constraints: list[str]
    pinned: bool
    personal_gain: Annotated[float, Field(description="What it gained of its score by what the caller tends to buy.")]


class SearchAnswer(Page[ProductCard]):
    """A page of products, the best first, and what is to be said about the search as a whole."""

    total: Annotated[int, Field(description="Products found; at least so many when `total_is_exact` is false.")]
    total_is_exact: bool
    sort: SearchSort
    constraints: list[ConstraintShown]
    removed: list[ConstraintShown]
    relaxed: RelaxedShown
    corrections: list[CorrectionShown]
    did_you_mean: Annotated[
        str | None, Field(description="Another spelling to search for, when little was found and that finds more.")
    ]
    personal: Annotated[
        bool,
        Field(description="Whether what the caller bought and looked at moved something; with their consent alone."),
    ]
    degraded: Annotated[
        dict[str, str], Field(description="What was not searched by, `meaning` or `keyword`, with the reason.")
    ]
    facets: dict[str, list[FacetValue]] | None = None
    explanations: list[ExplanationShown] | None = None


class ProductSuggestion(BaseModel):
    """A product whose title goes on from what was typed."""

    id: str
    handle: str
    title: str
    brand: str


class BrandSuggestion(BaseModel):
    """A brand; `value` is what the filter `brand` takes."""

    value: str
    title: str
    products: int


class CategorySuggestion(BaseModel):
    """A category."""

    path: str
    title: str
    products: int


class SuggestionsShown(BaseModel):
    """What may be meant by what was typed so far, the likeliest first in each kind."""

    queries: list[str]
    products: list[ProductSuggestion]
    brands: list[BrandSuggestion]
    categories: list[CategorySuggestion]


@router.get("/suggestions", responses={200: {"model": SuggestionsShown}, **responses()})
async def suggest(
    request: Request,
    context: Context,
    q: Annotated[str, Query(min_length=1, max_length=100, description="What was typed so far.", examples=["ja"])],
    limit: Annotated[int, Query(ge=1, le=MOST_SUGGESTED, description="At most so many of each kind.")] = 6,
    currency: Annotated[str | None, Query(pattern="^[A-Z]{3}$", description="Default: the shop's.")] = None,
) -> Response:
    """Past searches, brands, categories and products that go on from what was typed so far."""
    async with context.database.read() as connection:
        money = currency or (await shop_settings.current(connection)).currency
        found = await suggestions(connection, q, money, context.clock.now(), limit=limit)
    return answer_with_etag(request, found.as_record())


class Click(RequestBody):
    """A product that was opened from the results of a search."""

    query: Annotated[str, Field(min_length=1, max_length=300, description="As it was searched.", examples=["jacket"])]
    product_id: ProductId
    position: Annotated[int, Field(ge=1, le=LOWEST_POSITION, description="Where it stood, from 1.")]


@router.post("/clicks", status_code=204, responses={204: {"description": "Counted."}, **responses(404)})
async def click(context: Context, body: Click) -> Response:
    """Count that a product was opened; nothing about who opened it is kept."""
    async with context.database.read() as connection:
        await check_published(connection, body.product_id)
    context.search_notes.clicked(body.query, body.product_id, body.position)
    return Response(status_code=204)


@router.get("", responses={200: {"model": SearchAnswer}, **responses(404)})
async def search(
    request: Request,
    context: Context,
    filters: Annotated[Filters, Depends(chosen_filters)],
    q: Annotated[
        str,
        Query(
            min_length=1,
            max_length=300,
            description="Words, a model number, or a sentence.",
            examples=["warm jacket under 200 euro"],
        ),
    ],
    sort: Annotated[SearchSort, Query(description="Another order than by relevance.")] = "relevance",
    without: Annotated[
        list[Annotated[str, Query(max_length=200)]] | None,
        Query(max_length=30, description="Keys of constraints that are not to hold."),
    ] = None,
    shown: Annotated[
        str | None,
        Query(pattern="^[a-z0-9_-]{1,120}$", description="The product that words like 'cheaper' compare with."),
    ] = None,
    facets: Annotated[bool, Query(description="Count what can be narrowed to.")] = False,
    explain: Annotated[bool, Query(description="Say why each product stands where it does.")] = False,
    personal: Annotated[
        bool, Query(description="Whether a customer's own taste may move what is found; it needs their consent.")
    ] = True,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = DEFAULT_PAGE,
) -> Response:
    """Products that meet what the sentence asks for, by its words and by its meaning; the best first."""
    after = decode_cursor(cursor)
    actor = await identify(request, context) if personal else None
    async with context.database.search() as connection:
        asked = SearchRequest(
            text=q,
            filters=await in_currency(connection, filters),
            sort=sort,
            without=frozenset(without or ()),
            shown=shown,
            after=after,
            limit=limit,
            facets=facets,
            explain=explain,
            taste=None if actor is None or actor.role != "customer" else await taste_of(connection, actor.id),
        )
        embedder = embedder_of(context.services)
        notes = context.search_notes
        found = await search_products(connection, asked, context.clock.now(), embedder=embedder, notes=notes)
    return answer_with_etag(request, card_page(found.cards, found.next_position, found.about()))
