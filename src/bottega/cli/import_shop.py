"""`bottega import shop`: another shop's products, customers and orders into this one."""

import asyncio
from pathlib import Path
from typing import Annotated, get_args

import typer
from rich.console import Console

from bottega.cli import import_products
from bottega.cli.context import open_application
from bottega.cli.import_products import OPERATOR, REJECTIONS_SHOWN
from bottega.cli.progress import shown_progress
from bottega.cli.refusals import shown, write_json
from bottega.kernel.errors import Invalid
from bottega.shop.flows.shop_files.importing import ShopChoices, ShopFormat, ShopImport, ShopSummary


@import_products.app.command("shop")
def shop(
    file: Annotated[Path, typer.Argument(help="The file; plain or gzip.")],
    format_name: Annotated[str, typer.Option("--format", help=f"One of: {', '.join(get_args(ShopFormat))}.")],
    strict: Annotated[
        bool, typer.Option("--strict", help="One bad row refuses the file, and nothing changes.")
    ] = False,
    gateway: Annotated[str, typer.Option(help="The payment gateway that charges its cards and wallets.")] = "sandbox",
    location: Annotated[str, typer.Option(help="Handle of the location that its goods lie at.")] = "main",
    as_json: Annotated[bool, typer.Option("--json", help="End with one JSON object.")] = False,
) -> None:
    """Import a whole shop; rows that are here already stay as they are, so it can be repeated."""
    with shown(as_json=as_json):
        if format_name not in get_args(ShopFormat):
            raise Invalid(
                "no_such_format", f"There is no format '{format_name}'.", next_step="See `bottega import shop --help`."
            )
        summary = asyncio.run(_run(file, ShopChoices("tau-retail", gateway, location, strict), hidden=as_json))
        if as_json:
            write_json(summary.as_record())
        else:
            _show(summary, strict=strict)
        if strict and summary.rejected:
            raise typer.Exit(1)


async def _run(file: Path, choices: ShopChoices, *, hidden: bool) -> ShopSummary:
    with shown_progress(file.name, hidden=hidden) as tell:
        async with open_application() as application:
            importer = ShopImport(application.database, application.performer, OPERATOR, choices)
            return await importer.import_file(file, tell)


def _show(summary: ShopSummary, *, strict: bool) -> None:
    console = Console(highlight=False)
    if strict and summary.rejected:
        console.print(f"refused: {summary.rejected} of {summary.read} rows cannot go in, and nothing was changed")
    for name, section in summary.sections.items():
        if strict and summary.rejected:
            break
        console.print(
            f"{name}: {section.read} read, {section.created} created, {section.updated} updated, "
            f"{section.unchanged} unchanged, {section.rejected} rejected"
        )
    for rejection in summary.rejections[:REJECTIONS_SHOWN]:
        where = f"{rejection['section']} row {rejection['row']}, {rejection['field'] or 'the row'}"
        console.print(f"  {where}: {rejection['reason']}", markup=False, soft_wrap=True)
    if summary.rejected > REJECTIONS_SHOWN:
        console.print(f"  … and {summary.rejected - REJECTIONS_SHOWN} more; --json lists them")
