"""Prices: what variants cost, sale prices with dates, and how prices changed."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import AwareDatetime, BaseModel
from starlette.responses import Response

from bottega.gateway.answers import DEFAULT_PAGE, LARGEST_PAGE, Page, answer, answer_with_etag, decode_cursor, page
from bottega.gateway.bodies import RequestBody
from bottega.gateway.caller import Staff
from bottega.gateway.problems import responses
from bottega.kernel.errors import Invalid
from bottega.kernel.identifiers import VariantId
from bottega.shop.prices.actions import AmountMinor, ChangePrice, EndSale, SetPrice, SetPrices, SetSalePrice
from bottega.shop.prices.queries import Price, PriceChange, price_history, prices_of_variant

router = APIRouter(tags=["prices"])

VariantPath = Annotated[VariantId, Path()]
CurrencyPath = Annotated[str, Path(pattern="^[A-Z]{3}$", examples=["EUR"])]


class PriceBody(RequestBody):
    """The price in minor units; without a cost the known one stays."""

    amount_minor: AmountMinor
    cost_minor: AmountMinor | None = None


class NewAmount(RequestBody):
    """Another amount, and the one the caller saw."""

    amount_minor: AmountMinor
    expected_amount_minor: AmountMinor | None = None


class SaleBody(RequestBody):
    """A lower price between two instants; an absent one means no bound on that side."""

    sale_amount_minor: AmountMinor
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None


class PriceSet(BaseModel):
    """The price that was set."""

    variant_id: str
    currency: str
    amount_minor: int | None = None
    before_minor: int | None = None
    sale_amount_minor: int | None = None


class PricesSet(BaseModel):
    """How many prices changed."""

    changed: int
    unchanged: int


@router.get("/variants/{variant_id}/prices", responses={200: {"model": list[Price]}, **responses(404)})
async def list_prices(request: Request, caller: Staff, variant_id: VariantPath) -> Response:
    """A variant's prices in every currency, with cost."""
    context = caller.context
    async with context.database.read() as connection:
        return answer_with_etag(request, await prices_of_variant(connection, variant_id, context.clock.now()))


@router.get(
    "/variants/{variant_id}/prices/{currency}/history",
    responses={200: {"model": Page[PriceChange]}, **responses()},
)
async def history(
    caller: Staff,
    variant_id: VariantPath,
    currency: CurrencyPath,
    cursor: Annotated[str | None, Query(max_length=100)] = None,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = DEFAULT_PAGE,
) -> Response:
    """Every change of a price, the newest first, out of the log."""
    position = decode_cursor(cursor)
    if position and not (position.isdecimal() and len(position) < 19):
        raise Invalid("bad_cursor", "This cursor is not one of ours.", next_step="Take next_cursor from an answer.")
    async with caller.context.database.read() as connection:
        rows = await price_history(
            connection, variant_id, currency, before=int(position) if position else None, limit=limit + 1
        )
    shown = page(rows, limit, lambda change: str(change[0]))
    return answer({**shown, "items": [change for _, change in shown["items"]]})


@router.put("/variants/{variant_id}/prices/{currency}", responses={200: {"model": PriceSet}, **responses(404)})
async def set_price(caller: Staff, variant_id: VariantPath, currency: CurrencyPath, body: PriceBody) -> Response:
    """Set the price, whether there was one or not."""
    return await caller.answer(
        SetPrice(variant_id=variant_id, currency=currency, amount_minor=body.amount_minor, cost_minor=body.cost_minor)
    )


@router.patch("/variants/{variant_id}/prices/{currency}", responses={200: {"model": PriceSet}, **responses(404, 409)})
async def change_price(caller: Staff, variant_id: VariantPath, currency: CurrencyPath, body: NewAmount) -> Response:
    """Change a price that exists, if it is still the one that was seen."""
    return await caller.answer(
        ChangePrice(
            variant_id=variant_id,
            currency=currency,
            amount_minor=body.amount_minor,
            expected_amount_minor=body.expected_amount_minor,
        )
    )


@router.post("/prices", responses={200: {"model": PricesSet}, **responses(404)})
async def set_prices(caller: Staff, body: SetPrices) -> Response:
    """Up to 1,000 prices at once, all or none."""
    return await caller.answer(body)


@router.put("/variants/{variant_id}/prices/{currency}/sale", responses={200: {"model": PriceSet}, **responses(404)})
async def set_sale(caller: Staff, variant_id: VariantPath, currency: CurrencyPath, body: SaleBody) -> Response:
    """Put it on sale."""
    return await caller.answer(
        SetSalePrice(
            variant_id=variant_id,
            currency=currency,
            sale_amount_minor=body.sale_amount_minor,
            starts_at=body.starts_at,
            ends_at=body.ends_at,
        )
    )


@router.delete("/variants/{variant_id}/prices/{currency}/sale", responses={200: {"model": PriceSet}, **responses(404)})
async def end_sale(caller: Staff, variant_id: VariantPath, currency: CurrencyPath) -> Response:
    """End its sale at once."""
    return await caller.answer(EndSale(variant_id=variant_id, currency=currency))
