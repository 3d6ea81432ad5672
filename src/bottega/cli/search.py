"""`bottega search`: find products by keywords, and write the search index anew."""

import asyncio
from dataclasses import dataclass
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.table import Table
from typer.core import TyperGroup

from bottega.cli.context import open_application
from bottega.cli.progress import shown_progress
from bottega.cli.refusals import shown, write_json
from bottega.kernel.money import format_amount
from bottega.shop import shop_settings
from bottega.shop.catalogue.index_upkeep import rebuild as rebuild_index
from bottega.shop.catalogue.listing import Filters
from bottega.shop.catalogue.search import search_products

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


class _WordsOrCommand(TyperGroup):
    """A group whose first argument may also be what to look for: then it is the command `find`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] not in self.commands:
            args = ["find", *args]
        return super().resolve_command(ctx, args)


app = typer.Typer(
    cls=_WordsOrCommand,
    no_args_is_help=True,
    help='Find products by keywords: `bottega search "warm jacket" --json`.',
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
    limit: Annotated[int, typer.Option(min=1, max=100, help="At most so many.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Find published products, the best first."""
    with shown(as_json=as_json):
        text = " ".join(words)
        narrowing = _Narrowing(category, brand, collection, in_stock, currency)
        cards = asyncio.run(_find(text, narrowing, limit))
        if as_json:
            write_json({"query": text, "items": cards})
        else:
            _show(text, cards)


@app.command("rebuild")
def rebuild(as_json: AsJson = False) -> None:
    """Write the index of all published products anew, while the shop goes on."""
    with shown(as_json=as_json):
        number = asyncio.run(_rebuild(hidden=as_json))
        if as_json:
            write_json({"products": number})
        else:
            Console().print(f"{number} products indexed", highlight=False)


async def _find(text: str, narrowing: _Narrowing, limit: int) -> list[dict[str, Any]]:
    async with open_application() as application, application.database.read() as connection:
        settings = await shop_settings.current(connection)
        filters = Filters(
            currency=narrowing.currency or settings.currency,
            category=narrowing.category,
            brand=narrowing.brand,
            collection=narrowing.collection,
            in_stock=True if narrowing.in_stock else None,
        )
        found = await search_products(connection, text, filters, application.clock.now(), limit=limit)
    return [orjson.loads(card) for card in found.cards]


async def _rebuild(*, hidden: bool) -> int:
    with shown_progress("products", hidden=hidden) as tell:
        async with open_application() as application:
            return await rebuild_index(application.database, application.clock.now(), tell)


def _show(text: str, cards: list[dict[str, Any]]) -> None:
    console = Console()
    if not cards:
        console.print(f"nothing found for '{text}'", markup=False)
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("handle", "title", "brand", "price", "stock"):
        table.add_column(heading, justify="right" if heading == "price" else "left", overflow="fold")
    for card in cards:
        price = f"{format_amount(card['price_minor'], card['currency'])} {card['currency']}"
        texts = [str(card[name]).replace("[", "\\[") for name in ("handle", "title", "brand")]
        table.add_row(*texts, price, "yes" if card["in_stock"] else "no")
    console.print(table)
