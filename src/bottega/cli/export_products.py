"""`bottega export products`: the shop's products into a file."""

import asyncio
from pathlib import Path
from typing import Annotated, Any, get_args

import typer
from rich.console import Console

from bottega.cli.context import open_application
from bottega.cli.progress import shown_progress
from bottega.cli.refusals import shown, write_json
from bottega.kernel.errors import Invalid
from bottega.shop.flows.product_files.exporting import export_file
from bottega.shop.flows.product_files.importing import FormatName

app = typer.Typer(help="Write records to files.")
NAME = "export"


@app.callback()
def export() -> None:
    """Write records to files."""


@app.command("products")
def products(
    file: Annotated[Path, typer.Argument(help="Where to write; a name that ends in .gz is compressed.")],
    format_name: Annotated[str, typer.Option("--format", help=f"One of: {', '.join(get_args(FormatName))}.")] = "jsonl",
    currency: Annotated[str, typer.Option(help="Of the prices, where the format knows one only.")] = "EUR",
    location: Annotated[str, typer.Option(help="Of the stock, where the format knows one place only.")] = "main",
    as_json: Annotated[bool, typer.Option("--json", help="End with one JSON object.")] = False,
) -> None:
    """Export every product that is not archived, so that it can be imported again."""
    with shown(as_json=as_json):
        if format_name not in get_args(FormatName):
            raise Invalid("no_such_format", f"There is no format '{format_name}'.", next_step="See --help.")
        if not file.parent.is_dir():
            raise Invalid("no_such_folder", f"There is no folder {file.parent}.", next_step="Create it first.")
        number = asyncio.run(_run(file, format_name, currency, location, hidden=as_json))
        if as_json:
            write_json({"products": number, "file": str(file), "format": format_name})
        else:
            Console().print(f"{number} products written to {file}", markup=False, highlight=False, soft_wrap=True)


async def _run(file: Path, format_name: Any, currency: str, location: str, *, hidden: bool) -> int:
    with shown_progress(file.name, hidden=hidden) as tell:
        async with open_application() as application:
            return await export_file(
                application.database, file, format_name, currency=currency, location=location, progress=tell
            )
