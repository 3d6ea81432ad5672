"""Taxes: rates by country, class and the day from which they hold."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel
from starlette.responses import Response

from bottega.gateway.answers import answer_with_etag
from bottega.gateway.caller import Staff
from bottega.gateway.problems import responses
from bottega.kernel.identifiers import TaxRateId
from bottega.shop.taxes import queries
from bottega.shop.taxes.actions import Country, LoadTaxRates, SetTaxRate, WithdrawTaxRate
from bottega.shop.taxes.model import TaxRate

router = APIRouter(prefix="/taxes", tags=["taxes"])


class RateChanged(BaseModel):
    """The version that was set or withdrawn."""

    tax_rate_id: str


class RatesLoaded(BaseModel):
    """How many versions came in, and how many belong to a class that had rates already."""

    created: int
    left_as_they_are: int


@router.get("/rates", responses={200: {"model": list[TaxRate]}, **responses()})
async def list_rates(
    request: Request, caller: Staff, country: Annotated[Country | None, Query(examples=["IT"])] = None
) -> Response:
    """All versions, past and to come."""
    async with caller.context.database.read() as connection:
        return answer_with_etag(request, await queries.versions(connection, country=country))


@router.get("/rates/in-force", responses={200: {"model": list[TaxRate]}, **responses()})
async def list_in_force(request: Request, caller: Staff) -> Response:
    """The rate that holds now in each country and class."""
    async with caller.context.database.read() as connection:
        return answer_with_etag(request, await queries.rates_in_force(connection, caller.context.clock.now()))


@router.post("/rates", status_code=201, responses={201: {"model": RateChanged}, **responses(409)})
async def set_rate(caller: Staff, body: SetTaxRate) -> Response:
    """A rate from a day on; one that began to hold is never rewritten."""
    return await caller.answer(body, status=201)


@router.delete("/rates/{tax_rate_id}", responses={200: {"model": RateChanged}, **responses(404, 409)})
async def withdraw_rate(caller: Staff, tax_rate_id: Annotated[TaxRateId, Path()]) -> Response:
    """Takes back a version that does not hold yet."""
    return await caller.answer(WithdrawTaxRate(tax_rate_id=tax_rate_id))


@router.post("/tables", status_code=201, responses={201: {"model": RatesLoaded}, **responses(409)})
async def load_rates(caller: Staff, body: LoadTaxRates) -> Response:
    """A whole table with its history, for countries and classes without rates."""
    return await caller.answer(body, status=201)
