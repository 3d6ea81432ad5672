"""Products: lists and detail for shoppers, and how staff keep products, variants, options and pictures."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from bottega.entrance.identity import identify
from bottega.entrance.refusals import UnsupportedMediaType
from bottega.gateway.answers import (
    DEFAULT_PAGE,
    LARGEST_PAGE,
    Page,
    answer,
    answer_with_etag,
    card_page,
    decode_cursor,
    page,
)
from bottega.gateway.bodies import RequestBody
from bottega.gateway.caller import STAFF_ROLES, Context, Staff, outcome_answer
from bottega.gateway.problems import responses
from bottega.gateway.product_filters import chosen_filters, in_currency
from bottega.kernel.identifiers import MediaId, ProductId, VariantId
from bottega.shop import shop_settings
from bottega.shop.catalogue.actions import (
    AddMedia,
    AddVariants,
    ArchiveProduct,
    ChangeOptions,
    ChangeProduct,
    ChangeVariant,
    CreateProduct,
    OptionChanges,
    OrderMedia,
    ProductChanges,
    PublishProduct,
    RemoveMedia,
    UnpublishProduct,
    VariantChanges,
)
from bottega.shop.catalogue.detail import ProductDetail, product_detail
from bottega.shop.catalogue.listing import Filters, ProductCard, Sort, list_products
from bottega.shop.catalogue.model import LONGEST_ALT, NewMedia, NewVariant, ProductStatus
from bottega.shop.catalogue.queries import ProductRecordShown, list_product_records
from bottega.shop.flows.import_products import UpsertProducts
from bottega.shop.flows.upload_picture import taken_in

router = APIRouter(tags=["catalogue"])

MEDIA_TYPES = ("image/png", "image/jpeg", "image/webp")
FILE = {"type": "string", "format": "binary"}

ProductPath = Annotated[ProductId, Path()]
VariantPath = Annotated[VariantId, Path()]
IdOrHandle = Annotated[
    str, Path(pattern="^[a-z0-9_-]{1,120}$", description="The product's id or handle.", examples=["down-jacket"])
]
Cursor = Annotated[str | None, Query(max_length=1_000)]
Limit = Annotated[int, Query(ge=1, le=LARGEST_PAGE)]


class NewVariants(RequestBody):
    """Variants to add."""

    variants: Annotated[tuple[NewVariant, ...], Field(min_length=1, max_length=500)]


class NewPictures(RequestBody):
    """Pictures to add."""

    media: Annotated[tuple[NewMedia, ...], Field(min_length=1, max_length=50)]


class PictureOrder(RequestBody):
    """Every picture of the product in its new order."""

    media_ids: Annotated[tuple[MediaId, ...], Field(min_length=1, max_length=50)]


class ProductCreated(BaseModel):
    """The new product."""

    product_id: str
    handle: str
    variant_ids: list[str]


class ProductChanged(BaseModel):
    """The product that changed; read it again for the rest."""

    product_id: str
    status: ProductStatus | None = None
    changed: list[str] | None = None


class VariantsAdded(BaseModel):
    """The new variants."""

    product_id: str
    variant_ids: list[str]


class MediaChanged(BaseModel):
    """The product whose pictures changed."""

    product_id: str
    media_ids: list[str] | None = None


class ImportRejection(BaseModel):
    """Why one record did not go in."""

    row: int
    field: str
    reason: str


class ProductsImported(BaseModel):
    """What became of the records."""

    created: int
    updated: int
    unchanged: int
    rejections: list[ImportRejection]
    product_ids: list[str | None]


@router.get("/products", responses={200: {"model": Page[ProductCard]}, **responses()})
async def list_published(
    request: Request,
    context: Context,
    filters: Annotated[Filters, Depends(chosen_filters)],
    sort: Annotated[Sort, Query(description="newest, price, -price (dearest first) or title.")] = "newest",
    cursor: Cursor = None,
    limit: Limit = DEFAULT_PAGE,
) -> Response:
    """Published products that have a price in the currency."""
    after = decode_cursor(cursor)
    async with context.database.read() as connection:
        chosen = await in_currency(connection, filters)
        found = await list_products(connection, chosen, context.clock.now(), sort=sort, after=after, limit=limit)
    return answer_with_etag(request, card_page(found.cards, found.next_position))


@router.get("/products/{id_or_handle}", responses={200: {"model": ProductDetail}, **responses(404)})
async def show(
    request: Request,
    context: Context,
    id_or_handle: IdOrHandle,
    currency: Annotated[str | None, Query(pattern="^[A-Z]{3}$", description="Default: the shop's.")] = None,
) -> Response:
    """One product with variants, prices now, availability, pictures, rating and what goes with it.

    Staff also see drafts and archived products.
    """
    actor = await identify(request, context)
    is_staff = actor is not None and actor.kind == "staff" and actor.role in STAFF_ROLES
    async with context.database.read() as connection:
        chosen = currency or (await shop_settings.current(connection)).currency
        detail = await product_detail(connection, id_or_handle, chosen, context.clock.now(), unpublished=is_staff)
    return answer_with_etag(request, detail)


@router.get("/product-records", responses={200: {"model": Page[ProductRecordShown]}, **responses()})
async def list_records(
    caller: Staff,
    status: Annotated[ProductStatus | None, Query()] = None,
    source: Annotated[str | None, Query(max_length=50)] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_PAGE,
) -> Response:
    """Products of any status, the newest first."""
    async with caller.context.database.read() as connection:
        rows = await list_product_records(
            connection, status=status, source=source, before=decode_cursor(cursor), limit=limit + 1
        )
    return answer(page(rows, limit, lambda product: product.id))


@router.post("/products", status_code=201, responses={201: {"model": ProductCreated}, **responses(404, 409)})
async def create(caller: Staff, body: CreateProduct) -> Response:
    """A new product with its variants and pictures, a draft unless `published`."""
    return await caller.answer(body, status=201)


@router.post("/product-imports", status_code=201, responses={201: {"model": ProductsImported}, **responses(409)})
async def import_products(caller: Staff, body: UpsertProducts) -> Response:
    """Whole products with variants, prices, first stock, pictures and collections: up to 200, created or updated."""
    return await caller.answer(body, status=201)


@router.patch("/products/{product_id}", responses={200: {"model": ProductChanged}, **responses(404, 409)})
async def change(caller: Staff, product_id: ProductPath, body: ProductChanges) -> Response:
    """Other values for the named fields."""
    return await caller.answer(ChangeProduct(product_id=product_id, **body.model_dump(exclude_unset=True)))


@router.put("/products/{product_id}/publication", responses={200: {"model": ProductChanged}, **responses(404, 409)})
async def publish(caller: Staff, product_id: ProductPath) -> Response:
    """Show it to shoppers."""
    return await caller.answer(PublishProduct(product_id=product_id))


@router.delete("/products/{product_id}/publication", responses={200: {"model": ProductChanged}, **responses(404)})
async def unpublish(caller: Staff, product_id: ProductPath) -> Response:
    """Make it a draft again; also brings back an archived one."""
    return await caller.answer(UnpublishProduct(product_id=product_id))


@router.put("/products/{product_id}/archival", responses={200: {"model": ProductChanged}, **responses(404)})
async def archive(caller: Staff, product_id: ProductPath) -> Response:
    """Sell it no more; orders that name it keep it."""
    return await caller.answer(ArchiveProduct(product_id=product_id))


@router.post(
    "/products/{product_id}/variants",
    status_code=201,
    responses={201: {"model": VariantsAdded}, **responses(404, 409)},
)
async def add_variants(caller: Staff, product_id: ProductPath, body: NewVariants) -> Response:
    """Many variants at once."""
    return await caller.answer(AddVariants(product_id=product_id, variants=body.variants), status=201)


@router.put("/products/{product_id}/options", responses={200: {"model": ProductChanged}, **responses(404)})
async def change_options(caller: Staff, product_id: ProductPath, body: OptionChanges) -> Response:
    """Other options, with the values of every variant."""
    return await caller.answer(ChangeOptions(product_id=product_id, option_names=body.option_names, values=body.values))


@router.patch("/variants/{variant_id}", responses={200: {"model": ProductChanged}, **responses(404, 409)})
async def change_variant(caller: Staff, variant_id: VariantPath, body: VariantChanges) -> Response:
    """Other values for the named fields of a variant."""
    return await caller.answer(ChangeVariant(variant_id=variant_id, **body.model_dump(exclude_unset=True)))


@router.post(
    "/products/{product_id}/media", status_code=201, responses={201: {"model": MediaChanged}, **responses(404)}
)
async def add_media(caller: Staff, product_id: ProductPath, body: NewPictures) -> Response:
    """Pictures after those it has."""
    return await caller.answer(AddMedia(product_id=product_id, media=body.media), status=201)


@router.post(
    "/products/{product_id}/pictures",
    status_code=201,
    responses={201: {"model": MediaChanged}, **responses(404, 413, 415)},
    openapi_extra={"requestBody": {"required": True, "content": {name: {"schema": FILE} for name in MEDIA_TYPES}}},
)
async def upload_picture(
    caller: Staff,
    request: Request,
    product_id: ProductPath,
    alt: Annotated[str, Query(max_length=LONGEST_ALT, description="What it shows.", examples=["From the front"])] = "",
) -> Response:
    """A picture out of a file of at most 5 MB, after those it has; texts and places inside the file are taken out."""
    if not request.headers.get("content-type", "").lower().startswith("image/"):
        raise UnsupportedMediaType(
            "not_a_picture", "The body is not announced as a picture.", next_step="Send Content-Type: image/png."
        )
    upload = await taken_in(await request.body(), alt, caller.context.clock.now())
    action = AddMedia(product_id=product_id, media=(upload.medium,))
    outcome = await caller.perform(action, alongside=upload.keep)
    await upload.keep_for_decision(caller.context.database, outcome)
    return outcome_answer(outcome, 201)


@router.put("/products/{product_id}/media-order", responses={200: {"model": MediaChanged}, **responses(404)})
async def order_media(caller: Staff, product_id: ProductPath, body: PictureOrder) -> Response:
    """Pictures in another order."""
    return await caller.answer(OrderMedia(product_id=product_id, media_ids=body.media_ids))


@router.delete("/media/{media_id}", responses={200: {"model": MediaChanged}, **responses(404)})
async def remove_media(caller: Staff, media_id: Annotated[MediaId, Path()]) -> Response:
    """Take a picture away."""
    return await caller.answer(RemoveMedia(media_id=media_id))
