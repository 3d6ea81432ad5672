"""The list of prices, what a change of many would do, the change itself, sales, and changes put back."""

from datetime import datetime, timedelta
from typing import Any

from starlette.responses import Response

from bottega.actions.outcome import Done
from bottega.kernel.errors import Conflict, Invalid
from bottega.kernel.money import CURRENCY_DIGITS, check_currency
from bottega.platform.database.pool import Connection
from bottega.shop import shop_settings
from bottega.shop.prices.actions import MAXIMUM_PRICES_AT_ONCE, EndSale, SetPrices, SetSalePrice
from bottega.shop.reporting.queries import LARGEST_REPORT_ROWS
from bottega.shop.reporting.reports import as_csv
from bottega.web.console.asking import asked
from bottega.web.console.doing import CHOSEN_FIELD, chosen_of, do_each, tell
from bottega.web.console.prices import queries
from bottega.web.console.prices.change import (
    ENDINGS,
    Move,
    by_percent,
    field_of,
    lines_of,
    moves_of,
    percent_of,
    rounded,
)
from bottega.web.console.products.queries import top_categories
from bottega.web.console.registry import EVERYBODY, MANAGERS, PEOPLE, deed, offered, page
from bottega.web.console.shown import plain_amount
from bottega.web.console.work_list import BulkDeed, Column, Filter, WorkList, asked_of
from bottega.web.forms import NO_FORM, Form, read_form
from bottega.web.visit import Visit, staff_of

COLUMNS = (
    Column("Variant", "title"),
    Column("Price", "price", is_number=True),
    Column("Now", is_number=True),
    Column("Sale", is_number=True),
    Column("Cost", is_number=True),
    Column("Margin", "margin", is_number=True),
)
KINDS = (("", "All prices"), ("sale", "On sale now"), ("missing", "Without a price"), ("below_cost", "Below cost"))
LARGEST_PREVIEW_BYTES = 400_000


def _bulk(currency: str) -> tuple[BulkDeed, ...]:
    """What is done from the list of a currency."""
    asks = "End the sales of the chosen variants?"
    return (
        BulkDeed("Change these prices…", f"/console/prices/preview?currency={currency}"),
        BulkDeed("End their sales", f"/console/prices/sales/ends?currency={currency}", asks=asks),
    )


async def _currency(visit: Visit, connection: Connection) -> str:
    """The currency that the address names, or the shop's own."""
    named = visit.request.query_params.get("currency", "")
    return named if named in CURRENCY_DIGITS else (await shop_settings.current(connection)).currency


async def show(visit: Visit) -> Response:
    """Variants with their prices."""
    async with visit.read() as connection:
        settings = await shop_settings.current(connection)
        tops = await top_categories(connection)
        currency = await _currency(visit, connection)
        others = [code for code in await queries.currencies(connection) if code != settings.currency]
        own = ("", settings.currency)
        filters = (
            Filter("kind", "Show", KINDS),
            Filter("category", "Category", (("", "Any"), *tops)),
            Filter("currency", "Currency", (own, *((code, code) for code in others))),
        )
        asked_for = asked_of(visit, sorts=tuple(queries.SORTS), default="title", filters=filters)
        rows = await queries.listed(connection, asked_for, currency, visit.context.clock.now())
    prices = WorkList(
        "Prices",
        asked_for,
        COLUMNS,
        rows,
        filters=filters,
        searches="SKU, title or brand",
        deeds=offered(visit, MANAGERS, _bulk(currency)),
        nothing="Nothing has a price yet.",
    )
    return await visit.page("console/prices/list.html", private=True, prices=prices, currency=currency)


async def show_preview(visit: Visit) -> Response:
    """Nothing looked at yet: a list can be pasted. Also where a refused change leads back to."""
    async with visit.read() as connection:
        currency = await _currency(visit, connection)
    return await _preview_page(visit, NO_FORM, currency, [])


async def preview(visit: Visit) -> Response:
    """What a change would do: of chosen variants, of all that a list shows, or of lines that were pasted."""
    form = await read_form(visit.request, largest_bytes=LARGEST_PREVIEW_BYTES)
    _ = form.key
    now = visit.context.clock.now()
    async with visit.read() as connection:
        currency = await _currency(visit, connection)
        if form.text("lines"):
            return await _preview_page(visit, form, currency, await _moves_of_lines(connection, form, now))
        if form.texts(CHOSEN_FIELD):
            rows = await queries.of_variants(connection, chosen_of(form), currency, now)
        elif form.is_ticked("all"):
            limit = MAXIMUM_PRICES_AT_ONCE + 1
            rows = await queries.of_category(connection, form.text("category"), form.text("q"), currency, now, limit)
        else:
            rows = []
    moves = by_percent(rows, percent_of(form), form.text("ending"), currency) if form.text("percent") else []
    return await _preview_page(visit, form, currency, moves, rows=rows)


async def _moves_of_lines(connection: Connection, form: Form, now: datetime) -> list[Move]:
    """What pasted lines would change; lines that cannot be read are noted."""
    given, wrong = lines_of(form.text("lines"))
    variants = await queries.variants_of_skus(connection, [sku for sku, _ in given])
    unknown = sorted({sku for sku, _ in given if sku not in variants})
    if wrong or unknown:
        told = [
            *(f"{line} is not “SKU, currency, amount”" for line in wrong[:5]),
            *(f"no SKU {sku}" for sku in unknown[:8]),
        ]
        form.problems["lines"] = f"{'; '.join(told)}."
        return []
    moves: list[Move] = []
    for currency in sorted({currency for _, currency in given}):
        rows = await queries.of_variants(connection, list(variants.values()), currency, now)
        for row in rows:
            after = given.get((row["sku"], currency))
            if after is not None and after != row["amount_minor"]:
                before, cost = row["amount_minor"], row["cost_minor"]
                moves.append(Move(row["id"], row["sku"], row["title"], currency, before, after, cost))
    return moves


async def _preview_page(
    visit: Visit, form: Form, currency: str, moves: list[Move], *, rows: list[dict[str, Any]] | None = None
) -> Response:
    if len(moves) > MAXIMUM_PRICES_AT_ONCE:
        raise Invalid(
            "too_many_prices",
            f"At most {MAXIMUM_PRICES_AT_ONCE} prices change at once.",
            next_step="Narrow the list, for instance to a category.",
        )
    percents = [move.percent for move in moves if move.percent is not None]
    return await visit.page(
        "console/prices/preview.html",
        status=422 if form.problems else 200,
        private=True,
        moves=moves,
        field=field_of(moves),
        chosen=form.texts(CHOSEN_FIELD),
        rows=rows,
        currency=currency,
        percent=form.text("percent"),
        ending=form.text("ending"),
        endings=[(name, title) for name, (title, _) in ENDINGS.items()],
        everything=form.is_ticked("all"),
        category=form.text("category"),
        text=form.text("q"),
        lines=form.text("lines"),
        problems=form.problems,
        lowest=min(percents, default=0),
        highest=max(percents, default=0),
        below_cost=sum(move.is_below_cost for move in moves),
    )


async def change(visit: Visit) -> Response:
    """Exactly what was looked at, as one action; refused when a price has moved since."""
    form = await read_form(visit.request, largest_bytes=LARGEST_PREVIEW_BYTES)
    moves = moves_of(form.text("moves"))
    if not moves:
        raise Invalid("nothing_to_change", "There is no price to change.", next_step="Begin again.")
    now = visit.context.clock.now()
    async with visit.read() as connection:
        for currency in {currency for _, currency, _, _ in moves}:
            wanted = [variant for variant, code, _, _ in moves if code == currency]
            standing = {
                row["id"]: row["amount_minor"]
                for row in await queries.of_variants(connection, wanted, check_currency(currency), now)
            }
            moved = [variant for variant, code, seen, _ in moves if code == currency and standing.get(variant) != seen]
            if moved:
                raise Conflict(
                    "prices_moved",
                    f"{len(moved)} of these prices have moved since you looked.",
                    next_step="Look at the change again.",
                )
    lines = [
        {"variant_id": variant, "currency": currency, "amount_minor": after} for variant, currency, _, after in moves
    ]
    outcome = await visit.perform(asked(SetPrices, prices=lines), form.key)
    tell(visit, outcome, f"{len(lines)} {'price is' if len(lines) == 1 else 'prices are'} changed.")
    return visit.redirect("/console/prices/changes" if isinstance(outcome, Done) else "/console/prices")


async def put_on_sale(visit: Visit) -> Response:
    """A percentage off for the chosen variants, each an action of its own."""
    form = await visit.form()
    percent, chosen = percent_of(form), chosen_of(form)
    now = visit.context.clock.now()
    async with visit.read() as connection:
        currency = await _currency(visit, connection)
        rows = {row["id"]: row for row in await queries.of_variants(connection, chosen, currency, now)}
    if not 0 < percent < 100:
        raise Invalid("bad_percent", "A sale takes off more than 0 and less than 100 percent.", next_step="Change it.")
    priced = [key for key in chosen if key in rows and rows[key]["amount_minor"] is not None]
    if not priced:
        raise Invalid("no_price", "None of these variants has a price.", next_step="Give them one first.")
    days = form.number("days")

    def sale_of(row: str) -> SetSalePrice:
        exact = rows[row]["amount_minor"] * (100 - percent) / 100
        ends_at = None if days <= 0 else now.replace(hour=23, minute=59, second=0, microsecond=0) + timedelta(days=days)
        sale = rounded(exact, form.text("ending"), currency)
        return asked(SetSalePrice, variant_id=row, currency=currency, sale_amount_minor=sale, ends_at=ends_at)

    names = {key: row["sku"] for key, row in rows.items()}
    return await do_each(visit, sale_of, "On sale.", names=names, rows=priced, then="/console/prices?kind=sale")


async def end_sales(visit: Visit) -> Response:
    """The ordinary prices hold again."""
    chosen = chosen_of(await visit.form())
    async with visit.read() as connection:
        currency = await _currency(visit, connection)
        rows = await queries.of_variants(connection, chosen, currency, visit.context.clock.now())
    names = {row["id"]: row["sku"] for row in rows}
    return await do_each(
        visit, lambda row: asked(EndSale, variant_id=row, currency=currency), "The ordinary price holds.", names=names
    )


async def back_to_changes(visit: Visit) -> Response:
    """Where a refused change of what was put back leads to."""
    return visit.redirect("/console/prices/changes")


async def as_list(visit: Visit) -> Response:
    """Every price as a file, which can be changed and given back as a list."""
    async with visit.read() as connection:
        rows = await queries.whole_list(connection, LARGEST_REPORT_ROWS)
    lines = [
        {"SKU": row["sku"], "currency": row["currency"], "amount": plain_amount(row["amount_minor"], row["currency"])}
        for row in rows
    ]
    headers = {"Cache-Control": "no-store", "Content-Disposition": 'attachment; filename="prices.csv"'}
    return Response(as_csv(lines), headers=headers, media_type="text/csv; charset=utf-8")


async def show_changes(visit: Visit) -> Response:
    """What changed prices lately, imports included."""
    async with visit.read() as connection:
        changes = await queries.changes(connection)
    return await visit.page(
        "console/prices/changes.html", private=True, changes=changes, names=staff_of(visit).role in PEOPLE
    )


async def put_back(visit: Visit) -> Response:
    """Looks at what putting back an entry's prices would do; what happened to them since is shown, too."""
    form = await visit.form()
    _ = form.key
    async with visit.read() as connection:
        found = await queries.before(connection, visit.request.path_params["entry_id"])
        currency = await _currency(visit, connection)
    if not found:
        raise Invalid("no_prices", "This entry changed no price that stood before.", next_step="Choose another one.")
    moves = [
        Move(row["variant_id"], row["sku"], row["title"], row["currency"], row["now_minor"], row["before_minor"], None)
        for row in found
        if row["now_minor"] != row["before_minor"]
    ]
    if not moves:
        visit.flash("note", "These prices stand as they were before.")
        return visit.redirect("/console/prices/changes")
    return await _preview_page(visit, form, currency, moves)


PAGES = (
    page("/prices", show, EVERYBODY),
    deed("/prices", change, MANAGERS),
    page("/prices/preview", show_preview, MANAGERS),
    deed("/prices/preview", preview, MANAGERS),
    deed("/prices/sales", put_on_sale, MANAGERS),
    deed("/prices/sales/ends", end_sales, MANAGERS),
    page("/prices/list.csv", as_list, EVERYBODY),
    page("/prices/changes", show_changes, EVERYBODY),
    page("/prices/changes/{entry_id}/return", back_to_changes, MANAGERS),
    deed("/prices/changes/{entry_id}/return", put_back, MANAGERS),
)
