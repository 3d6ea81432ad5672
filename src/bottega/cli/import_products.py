"""`bottega import products`: a file of products into the shop."""

import asyncio
from pathlib import Path
from typing import Annotated, get_args

import typer
from rich.console import Console

from bottega.actions.actor import Actor
from bottega.cli.context import open_application
from bottega.cli.progress import shown_progress
from bottega.cli.refusals import shown, write_json
from bottega.kernel.errors import Invalid
from bottega.shop.flows.product_files.importing import FormatName, ImportChoices, ImportSummary, import_file

# Whoever may run commands on the machine of the shop acts as its owner.
OPERATOR = Actor("staff", "operator", "owner")
REJECTIONS_SHOWN = 20

app = typer.Typer(no_args_is_help=True, help="Bring in records from files.")
NAME = "import"


@app.command("products")
def products(
    file: Annotated[Path, typer.Argument(help="The file; plain or gzip.")],
    format_name: Annotated[str, typer.Option("--format", help=f"One of: {', '.join(get_args(FormatName))}.")],
    strict: Annotated[
        bool, typer.Option("--strict", help="One bad row refuses the file, and nothing changes.")
    ] = False,
    currency: Annotated[str, typer.Option(help="Of prices without a currency of their own.")] = "EUR",
    stock: Annotated[int, typer.Option(min=0, max=1_000_000, help="Units of each new icecat product.")] = 100,
    location: Annotated[str, typer.Option(help="Handle of the location that stock arrives at.")] = "main",
    as_json: Annotated[bool, typer.Option("--json", help="End with one JSON object.")] = False,
) -> None:
    """Import products; repeat it as often as you like, and after an interruption it goes on where it stopped."""
    with shown(as_json=as_json):
        if format_name not in get_args(FormatName):
            raise Invalid(
                "no_such_format",
                f"There is no format '{format_name}'.",
                next_step="See `bottega import products --help`.",
            )
        choices = ImportChoices(format_name, currency, location, stock, strict)  # pyright: ignore[reportArgumentType] - looked at above
        summary = asyncio.run(_run(file, choices, hidden=as_json))
        if as_json:
            write_json(summary.as_record())
        else:
            _show(summary, strict=strict)
        if strict and summary.rejected:
            raise typer.Exit(1)


async def _run(file: Path, choices: ImportChoices, *, hidden: bool) -> ImportSummary:
    with shown_progress(file.name, hidden=hidden) as tell:
        async with open_application() as application:
            return await import_file(application.database, application.performer, OPERATOR, file, choices, tell)


def _show(summary: ImportSummary, *, strict: bool) -> None:
    console = Console()
    if strict and summary.rejected:
        console.print(f"refused: {summary.rejected} of {summary.read} rows cannot go in, and nothing was changed")
    else:
        console.print(
            f"{summary.read} read: {summary.created} created, {summary.updated} updated, "
            f"{summary.unchanged} unchanged, {summary.rejected} rejected",
            highlight=False,
        )
    for rejection in summary.as_record()["rejections"][:REJECTIONS_SHOWN]:
        console.print(
            f"  row {rejection['row']}, {rejection['field'] or 'the row'}: {rejection['reason']}",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
    if summary.rejected > REJECTIONS_SHOWN:
        console.print(f"  … and {summary.rejected - REJECTIONS_SHOWN} more; --json lists them")
