"""`demo`: a whole shop in one command: loads it, tells its story, and serves it."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Table

from bottega.bootstrap import open_application
from bottega.cli.refusals import shown
from bottega.cli.serve import listening_on, run_server
from bottega.demo_shop.load import is_loaded, load
from bottega.demo_shop.logins import CUSTOMER, STAFF, login_of
from bottega.demo_shop.story import tell_story
from bottega.kernel.errors import Conflict
from bottega.platform.clock import SetClock
from bottega.settings import Settings


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("demo")(demo)


def demo(
    once: Annotated[bool, typer.Option("--once", help="Play the story, then exit instead of serving.")] = False,
    port: Annotated[int | None, typer.Option(help="Port to serve on; default from the settings.")] = None,
) -> None:
    """Load the demo shop, play its story in the terminal, then serve it with API and worker on one port."""
    console = Console()
    with shown():
        settings = demo_settings(listening_on(None, port))
        began = time.perf_counter()
        asyncio.run(_prepare(settings, console))
        asyncio.run(_tell(settings, console))
        console.print(f"[dim]told in {time.perf_counter() - began:.1f} s, data in {settings.data_dir}[/dim]\n")
    if once:
        return
    _addresses(console, settings.host, settings.port)
    run_server(settings, 1)


def demo_settings(settings: Settings) -> Settings:
    """Refuses production: the demo's passwords are known to everybody."""
    if settings.mode == "production":
        raise Conflict("demo_in_production", "The demo shop is not for production.", next_step="Unset BOTTEGA_MODE.")
    return settings


async def _prepare(settings: Settings, console: Console) -> None:
    clock = SetClock(datetime.now(UTC))
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}"))
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("starting the database", total=None)
        async with open_application(settings, clock=clock) as application:
            if await is_loaded(application):
                return

            def tell(name: str, done: int, total: int) -> None:
                progress.update(task, description=name, completed=done, total=total or None)

            await load(application, clock, tell)


async def _tell(settings: Settings, console: Console) -> None:
    with console.status("waking up the shop") as status:
        async with open_application(settings) as application:

            def tell(name: str, result: str) -> None:
                console.print(f"[green]✓[/green] [bold]{name:<15}[/bold] {result}", highlight=False)

            status.update("telling the story")
            await tell_story(application, tell)


def _addresses(console: Console, host: str, port: int) -> None:
    base = f"http://{host}:{port}"
    console.print(f"API            {base}/api/products", highlight=False)
    console.print(f"OpenAPI        {base}/api/openapi.json", highlight=False)
    table = Table("sign in with", "password", "as", title="Sample logins: POST /api/sign-in")
    for role, _ in STAFF:
        login = login_of(role)
        table.add_row(login.email, login.password, f"staff, {role}")
    table.add_row(CUSTOMER.email, CUSTOMER.password, "customer")
    console.print(table)
    console.print("Ctrl-C stops the server; the database stays up until `bottega db stop`.\n")
