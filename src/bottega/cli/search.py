"""`bottega search`: find products by words or sentences, write the search index anew, and say how it stands."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Annotated, Any, TypeVar, get_args

import typer
from rich.console import Console
from rich.table import Table
from typer.core import TyperGroup

from bottega.bootstrap import Application
from bottega.cli.context import open_application
from bottega.cli.progress import shown_progress
from bottega.cli.refusals import shown, write_json
from bottega.kernel.errors import Invalid, Unavailable
from bottega.kernel.money import format_amount
from bottega.retrieval.embedding import embed_waiting
from bottega.retrieval.search import embedder_of
from bottega.retrieval.vectors import ensure_near_index
from bottega.shop import shop_settings
from bottega.shop.catalogue.index_upkeep import IndexStatus, index_status
from bottega.shop.catalogue.index_upkeep import rebuild as rebuild_index
from bottega.shop.catalogue.listing import Filters
from bottega.shop.catalogue.product_documents import PRODUCTS
from bottega.shop.catalogue.search import search_products
from bottega.shop.catalogue.search_records import SearchRequest, SearchSort
from bottega.shop.catalogue.similar import MOST_SIMILAR, similar_products
from bottega.shop.catalogue.suggestions import MOST_SUGGESTED, suggestions

T = TypeVar("T")
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
# A command waits this long for a model that is only being loaded; a shopper would not.
EMBEDDER_WAIT_SECONDS = 10.0
# Embedding a large catalogue on one machine takes hours; after this a rebuild leaves the rest to the worker.
LONGEST_EMBEDDING_SECONDS = 24 * 3_600.0


class _WordsOrCommand(TyperGroup):
    """A group whose first argument may also be what to look for: then it is the command `find`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] not in self.commands:
            args = ["find", *args]
        return super().resolve_command(ctx, args)


app = typer.Typer(
    cls=_WordsOrCommand,
    no_args_is_help=True,
    help='Find products: `bottega search "warm jacket under 200 euro" --json`.',
    context_settings={"ignore_unknown_options": True},
)


@dataclass(frozen=True)
class _Narrowing:
    category: str | None
    brand: str | None
    collection: str | None
    in_stock: bool
    currency: str | None


@app.command("find")
def find(
    words: Annotated[list[str], typer.Argument(help="What to look for.")],
    category: Annotated[str | None, typer.Option(help="Only in this category, by its path.")] = None,
    brand: Annotated[str | None, typer.Option(help="Only of this brand.")] = None,
    collection: Annotated[str | None, typer.Option(help="Only in this collection, by its handle.")] = None,
    in_stock: Annotated[bool, typer.Option("--in-stock", help="Only what can be ordered now.")] = False,
    currency: Annotated[str | None, typer.Option(help="Prices in this currency; default the shop's.")] = None,
    sort: Annotated[str, typer.Option(help=f"One of: {', '.join(get_args(SearchSort))}.")] = "relevance",
    without: Annotated[
        list[str] | None, typer.Option(help="The key of a constraint that is not to hold; may be repeated.")
    ] = None,
    shown_product: Annotated[
        str | None, typer.Option("--shown", help="The product (id or handle) that 'cheaper' and the like compare with.")
    ] = None,
    facets: Annotated[bool, typer.Option("--facets", help="Count what can be narrowed to.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Say why each product stands where it does.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=100, help="At most so many.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Find published products, the best first: by words and meaning, and by what a sentence asks for."""
    with shown(as_json=as_json):
        if sort not in get_args(SearchSort):
            raise Invalid(
                "no_such_order", f"There is no order '{sort}'.", next_step="See `bottega search find --help`."
            )
        text = " ".join(words)
        request = SearchRequest(
            text,
            Filters(currency or "", category, collection, brand, in_stock=True if in_stock else None),
            sort,  # pyright: ignore[reportArgumentType] - looked at above
            without=frozenset(without or ()),
            shown=shown_product,
            limit=limit,
            facets=facets,
            explain=explain,
        )
        found = asyncio.run(_find(request))
        if as_json:
            write_json({"query": text, **found})
        else:
            _show(text, found)


@app.command("suggest")
def suggest(
    text: Annotated[list[str], typer.Argument(help="What was typed so far.")],
    limit: Annotated[int, typer.Option(min=1, max=MOST_SUGGESTED, help="At most so many of each kind.")] = 6,
    as_json: AsJson = False,
) -> None:
    """What the search box suggests for a beginning: past searches, categories, brands, products."""
    with shown(as_json=as_json):
        record = asyncio.run(_read(partial(suggestions, text=" ".join(text), limit=limit))).as_record()
    if as_json:
        write_json(record)
        return
    lines = [("search", query) for query in record["queries"]]
    lines += [(kind, one["title"]) for kind in ("categories", "brands", "products") for one in record[kind]]
    for kind, title in lines or [("nothing", "")]:
        Console().print(f"{kind}: {title}", markup=False, highlight=False)


@app.command("similar")
def similar(
    product: Annotated[str, typer.Argument(help="Its id or handle.")],
    limit: Annotated[int, typer.Option(min=1, max=MOST_SIMILAR, help="At most so many.")] = 8,
    as_json: AsJson = False,
) -> None:
    """Products like one: of a like meaning and category, what can be bought now first."""
    with shown(as_json=as_json):
        record = asyncio.run(_read(partial(similar_products, id_or_handle=product, limit=limit))).as_record()
    if as_json:
        write_json(record)
        return
    for reason in record["degraded"].values():
        Console().print(reason, markup=False, highlight=False)
    Console().print(_table(record["items"]))


@app.command("rebuild")
def rebuild(
    words_only: Annotated[bool, typer.Option("--words-only", help="Leave embedding to the worker.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write the index of all published products anew, while the shop goes on, and embed what has no vector yet."""
    with shown(as_json=as_json):
        record = asyncio.run(_rebuild(words_only=words_only, hidden=as_json))
        if as_json:
            write_json(record)
            return
        console = Console()
        console.print(f"{record['products']} products indexed, {record['embedded']} embedded", highlight=False)
        if record["meaning"]:
            console.print(f"found by keyword alone so far: {record['meaning']}", highlight=False, markup=False)


@app.command("status")
def status(as_json: AsJson = False) -> None:
    """Say how fresh and how whole the search index is. Exit code 3 when something is missing or being mended."""
    with shown(as_json=as_json):
        record = asyncio.run(_status())
    if as_json:
        write_json(record)
    else:
        for name, value in record.items():
            Console().print(f"{name.replace('_', ' ')}: {value}", highlight=False, markup=False)
    if not record["whole"]:
        raise typer.Exit(3)


async def _find(request: SearchRequest) -> dict[str, Any]:
    async with open_application() as application:
        embedder = embedder_of(application.services)
        if embedder is not None:
            await _reason_away(embedder.wait_ready(timeout_seconds=EMBEDDER_WAIT_SECONDS))
        async with application.database.search() as connection:
            chosen = request
            if not request.filters.currency:
                currency = (await shop_settings.current(connection)).currency
                chosen = _in_currency(request, currency)
            page = await search_products(connection, chosen, application.clock.now(), embedder=embedder)
    return page.as_record()


async def _read(query: Callable[..., Awaitable[T]]) -> T:
    """The answer of a query in the shop's own currency."""
    async with open_application() as application, application.database.read() as connection:
        currency = (await shop_settings.current(connection)).currency
        return await query(connection, currency=currency, now=application.clock.now())


def _in_currency(request: SearchRequest, currency: str) -> SearchRequest:
    return replace(request, filters=replace(request.filters, currency=currency))


async def _reason_away(waiting: Any) -> str:
    """Why the embedder does not come, empty when it does."""
    try:
        await waiting
    except Unavailable as refusal:
        return refusal.message
    return ""


async def _rebuild(*, words_only: bool, hidden: bool) -> dict[str, Any]:
    async with open_application() as application:
        with shown_progress("words", hidden=hidden) as tell:
            products = await rebuild_index(application.database, application.clock.now(), tell)
        embedded, reason = 0, "embedding is left to the worker"
        if not words_only:
            with shown_progress("meaning", hidden=hidden) as tell:
                embedded, reason = await _embed(application, tell)
    return {"products": products, "embedded": embedded, "meaning": reason}


async def _embed(application: Application, tell: Any) -> tuple[int, str]:
    embedder = embedder_of(application.services)
    if embedder is None:
        return 0, "no embedder is set up"
    try:
        number = await embed_waiting(
            application.database, PRODUCTS, embedder, seconds=LONGEST_EMBEDDING_SECONDS, progress=tell
        )
    except Unavailable as refusal:
        return 0, refusal.message
    await ensure_near_index(application.database.dsn, PRODUCTS)
    return number, ""


async def _status() -> dict[str, Any]:
    async with open_application() as application:
        async with application.database.read() as connection:
            found = await index_status(connection)
        embedder = embedder_of(application.services)
        health = None if embedder is None else await embedder.health()
    now = application.clock.now()
    return {
        **_as_record(found, now),
        "embedder": "none" if health is None else health.state,
        "embedder_reason": "" if health is None else health.reason,
    }


def _as_record(found: IndexStatus, now: datetime) -> dict[str, Any]:
    corpus = found.corpus
    return {
        "whole": found.is_whole,
        "products": found.published,
        "indexed": corpus.documents,
        "embedded": corpus.vectors,
        "waiting_for_embedding": corpus.waiting,
        "oldest_waiting_seconds": _age(corpus.waiting_since, now),
        "model": corpus.model,
        "vectors_indexed": corpus.vectors_indexed,
        "log_position": found.position,
        "entries_behind": found.behind,
        "read_seconds_ago": _age(found.read_at, now),
        "last_error": found.last_error or "",
        "being_rewritten": corpus.rewriting,
        "lost": list(corpus.lost),
        "rebuilt_at": None if corpus.built_at is None else corpus.built_at.isoformat(),
        "looked_at": None if corpus.looked_at is None else corpus.looked_at.isoformat(),
        "last_found": corpus.found,
    }


def _age(moment: datetime | None, now: datetime) -> float | None:
    return None if moment is None else round(max(0.0, (now - moment).total_seconds()), 1)


def _show(text: str, found: dict[str, Any]) -> None:
    console = Console()
    for name, reason in found["degraded"].items():
        console.print(f"not searched by {name}: {reason}", markup=False, highlight=False)
    for correction in found["corrections"]:
        console.print(f"read '{correction['said']}' as '{correction['read']}'", markup=False, highlight=False)
    if found["did_you_mean"]:
        console.print(f"did you mean: {found['did_you_mean']}", markup=False, highlight=False)
    for label, chips in (
        ("only", found["constraints"]),
        ("given up", found["relaxed"]["dropped"]),
        ("taken less narrowly", found["relaxed"]["widened"]),
    ):
        if chips:
            told = ", ".join(f"{chip['label']} ({chip['key']})" for chip in chips)
            console.print(f"{label}: {told}", markup=False, highlight=False)
    cards = found["items"]
    if not cards:
        console.print(f"nothing found for '{text}'", markup=False)
        return
    console.print(_table(cards))
    for one in found.get("explanations", ()):
        console.print(_explained(one), markup=False, highlight=False)
    for name, values in found.get("facets", {}).items():
        told = ", ".join(f"{value['value']} {value['products']}" for value in values)
        console.print(f"{name}: {told}", markup=False, highlight=False)


def _table(cards: list[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("handle", "title", "brand", "price", "stock"):
        table.add_column(heading, justify="right" if heading == "price" else "left", overflow="fold")
    for card in cards:
        price = f"{format_amount(card['price_minor'], card['currency'])} {card['currency']}"
        texts = [str(card[name]).replace("[", "\\[") for name in ("handle", "title", "brand")]
        table.add_row(*texts, price, "yes" if card["in_stock"] else "no")
    return table


def _explained(one: dict[str, Any]) -> str:
    keyword = f"keyword rank {one['keyword_rank']} (BM25 {one['bm25']}, words {' '.join(one['words']) or 'none'}"
    keyword += f", without {' '.join(one['missing'])})" if one["missing"] else ")"
    meaning = "no vector" if one["cosine"] is None else f"meaning rank {one['meaning_rank']} (cosine {one['cosine']})"
    personal = [f"personal gain {one['personal_gain']}"] if one["personal_gain"] else []
    rest = [
        *(["pinned"] if one["pinned"] else []),
        *personal,
        *([] if one["in_stock"] else ["out of stock"]),
        *one["constraints"],
    ]
    return f"{one['product_id']}  {one['score']}: {keyword}; {meaning}" + (f"; {', '.join(rest)}" if rest else "")
