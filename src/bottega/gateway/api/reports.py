"""Reports for staff, as JSON or CSV."""

from datetime import date, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel
from starlette.responses import Response

from bottega.gateway.answers import answer
from bottega.gateway.caller import Staff
from bottega.gateway.problems import responses
from bottega.shop import shop_settings
from bottega.shop.reporting.model import Period, ReportName, SalesBy
from bottega.shop.reporting.reports import as_csv, report

router = APIRouter(prefix="/reports", tags=["reports"])


class Report(BaseModel):
    """A report: what was asked, and its rows (columns differ by report)."""

    name: str
    first: date
    last: date
    currency: str
    rows: list[dict[str, Any]]


@router.get(
    "/{name}",
    responses={200: {"model": Report, "content": {"text/csv": {"schema": {"type": "string"}}}}, **responses()},
)
async def show(
    caller: Staff,
    name: Annotated[ReportName, Path()],
    first: Annotated[date | None, Query(description="First day; default 30 days back.")] = None,
    last: Annotated[date | None, Query(description="Last day; default today.")] = None,
    by: Annotated[SalesBy, Query(description="What sales are grouped by.")] = "day",
    currency: Annotated[str | None, Query(pattern="^[A-Z]{3}$")] = None,
    form: Annotated[Literal["json", "csv"], Query(alias="format")] = "json",
) -> Response:
    """Sales, refunds, returns, stock, funnel and promotions over a period of whole days (UTC)."""
    today = caller.context.clock.now().date()
    until = last or today
    period = Period(first or until - timedelta(days=30), until)
    async with caller.context.database.read_snapshot() as connection:
        settings = await shop_settings.current(connection)
        money = currency or settings.currency
        rows = await report(connection, name, period, money, by=by, low_threshold=settings.low_stock_threshold)
    if form == "csv":
        headers = {"Content-Disposition": f'attachment; filename="{name}-{period.first}-{period.last}.csv"'}
        return Response(as_csv(rows), 200, headers, "text/csv; charset=utf-8")
    return answer({"name": name, "first": period.first, "last": period.last, "currency": money, "rows": rows})
