"""`bottega models`: which language models there are, whether they answer, what they cost, and which are resting."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bottega.bootstrap.models import key_of, keys_known, models_of, routes_of
from bottega.cli.context import open_application
from bottega.cli.refusals import shown, write_json
from bottega.kernel.errors import NotFound
from bottega.runtime.models.breakers import Breakers, breaker_rows
from bottega.runtime.models.budgets import Budgets, account_rows, expired_rows
from bottega.runtime.models.models_file import ModelsFile, RouteOfFile
from bottega.runtime.models.ping import Pinged, ping
from bottega.runtime.models.prices import SetPrice
from bottega.runtime.models.route import OFFLINE_ROUTE, Route
from bottega.runtime.models.spend import attempt_rows, spend_rows
from bottega.settings import load_settings

MICROS = Decimal(1_000_000)

OFFLINE = {"name": OFFLINE_ROUTE, "level": "offline", "model": "the shop's own engine", "price": "0 / 0"}

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

app = typer.Typer(no_args_is_help=True, help="Language models: routes, health, spending, breakers.")


@app.command("list")
def list_all(as_json: AsJson = False) -> None:
    """List the routes of the settings, and the offline engine that stands below them."""
    with shown(as_json=as_json):
        models, environment = models_of(load_settings()), keys_known()
        listed = [_described(*pair, environment) for pair in zip(models.routes, routes_of(models), strict=True)]
        routes = [*listed, OFFLINE]
        if as_json:
            write_json({"currency": models.currency, "routes": routes, "intents": models.intents})
        else:
            _print(routes, ("name", "level", "provider", "model", "address", "key", "price", "personal_data"))


@app.command("test")
def ask_for_a_word(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Only this route.")] = None,
    as_json: AsJson = False,
) -> None:
    """Ask every route (or one) for a word, at a few tokens each; exit code 1 when one does not answer."""
    with shown(as_json=as_json):
        models = models_of(load_settings())
        answers = asyncio.run(_pinged(models, _chosen(routes_of(models), name)))
        rows = [_answer(answer, models.currency) for answer in answers]
        if as_json:
            write_json({"routes": rows})
        else:
            _print(rows, ("route", "outcome", "seconds", "model", "cost", "message"))
        if any(answer.outcome != "ok" for answer in answers):
            raise typer.Exit(1)


@app.command()
def spend(
    days: Annotated[int, typer.Option(help="Calls of so many days up to now.", min=1, max=400)] = 1,
    as_json: AsJson = False,
) -> None:
    """Show budgets with what is spent and reserved, and what calls have cost per role and route."""
    with shown(as_json=as_json):
        models = models_of(load_settings())
        found = asyncio.run(_spend(days))
        if as_json:
            write_json({"currency": models.currency, **found})
            return
        for row in found["accounts"]:
            row["limit"], row["spent"], row["reserved"] = (
                _money(row[f"{kind}_micros"], models.currency) for kind in ("limit", "spent", "reserved")
            )
        _print(found["accounts"], ("account", "limit", "spent", "reserved"), title="Budgets")
        for row in found["calls"]:
            row["cost"] = _money(row["cost_micros"], row["currency"])
        columns = ("role", "route", "calls", "unanswered", "from_cache", "input_tokens", "output_tokens", "cost")
        _print(found["calls"], columns, title=f"Calls of {days} day{'s' if days > 1 else ''}")
        _print(found["attempts"], ("route", "outcome", "reason", "times"), title="Attempts")
        for row in found["expired"]:
            row["amount"] = _money(row["amount_micros"], models.currency)
        if found["expired"]:
            _print(found["expired"], ("id", "route", "amount", "expired_at"), title="Expired, counted as spent")


@app.command()
def breakers(
    close: Annotated[str | None, typer.Option(metavar="NAME", help="Close the breaker of this route.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the circuit breakers, or close one by hand."""
    with shown(as_json=as_json):
        rows = asyncio.run(_breakers(close))
        if as_json:
            write_json({"breakers": rows})
        else:
            _print(rows, ("route", "state", "failures", "last_code", "failed_at", "retry_at"))


@app.command()
def reconcile(
    reservation_id: Annotated[str, typer.Argument(metavar="ID", help="As `bottega models spend` lists it.")],
    cost: Annotated[float, typer.Option(help="What it cost by the vendor's bill, in the models' currency.", min=0)],
    as_json: AsJson = False,
) -> None:
    """Say what a call of a process that died really cost, instead of all that was reserved for it."""
    with shown(as_json=as_json):
        cost_micros = int(Decimal(str(cost)) * MICROS)
        asyncio.run(_reconcile(reservation_id, cost_micros))
        if as_json:
            write_json({"reservation_id": reservation_id, "cost_micros": cost_micros})
        else:
            print(f"{reservation_id} cost {cost:g}")


def _chosen(routes: Sequence[Route], name: str | None) -> Sequence[Route]:
    chosen = [route for route in routes if name in (None, route.name)]
    if name is not None and not chosen:
        raise NotFound(
            "no_such_route", f"There is no route named '{name[:64]}'.", next_step="See `bottega models list`."
        )
    return chosen


async def _pinged(models: ModelsFile, routes: Sequence[Route]) -> list[Pinged]:
    async with open_application() as application:
        try:
            return await asyncio.gather(
                *(
                    ping(route, application.database, application.clock, currency=models.currency, intent="test")
                    for route in routes
                )
            )
        finally:
            for route in routes:
                await route.model.close()


async def _spend(days: int) -> dict[str, list[dict[str, Any]]]:
    async with open_application() as application, application.database.read() as connection:
        now = application.clock.now()
        since = now - timedelta(days=days)
        return {
            "accounts": await account_rows(connection, now=now),
            "calls": await spend_rows(connection, since=since),
            "attempts": await attempt_rows(connection, since=since),
            "expired": await expired_rows(connection),
        }


async def _breakers(close: str | None) -> list[dict[str, Any]]:
    async with open_application() as application:
        if close is not None:
            await Breakers(application.database, application.clock).close(close)
        async with application.database.read() as connection:
            return await breaker_rows(connection)


async def _reconcile(reservation_id: str, cost_micros: int) -> None:
    async with open_application() as application:
        limits = models_of(application.settings).budgets.limits()
        await Budgets(application.database, application.clock, limits).reconcile(reservation_id, cost_micros)


def _described(configured: RouteOfFile, route: Route, environment: Mapping[str, str | None]) -> dict[str, Any]:
    key = None if configured.key_env is None else key_of(configured, environment)
    return {
        "name": route.name,
        "level": route.level,
        "provider": configured.provider,
        "model": configured.model,
        "address": configured.base_url or "the vendor's own",
        "key": "none" if configured.key_env is None else f"{configured.key_env} {'is set' if key else 'IS MISSING'}",
        "price": _price(route),
        "personal_data": route.model.capabilities.may_see_personal_data,
        "context_tokens": route.model.capabilities.context_tokens,
    }


def _price(route: Route) -> str:
    """Units of the currency per million tokens in and out, as far as a single figure tells."""
    if not route.price.is_known():
        return "unknown"
    return f"{route.price.input} / {route.price.output}" if isinstance(route.price, SetPrice) else "as listed"


def _answer(pinged: Pinged, currency: str) -> dict[str, Any]:
    return {
        "route": pinged.route,
        "outcome": pinged.outcome,
        "seconds": round(pinged.seconds, 3),
        "model": pinged.model,
        "cost": _money(pinged.cost_micros, currency),
        "cost_micros": pinged.cost_micros,
        "message": pinged.message,
    }


def _money(micros: Any, currency: str) -> str:
    return "–" if micros is None else f"{Decimal(micros) / MICROS:.6f} {currency}"


def _print(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], *, title: str | None = None) -> None:
    table = Table(box=None, pad_edge=False, title=title, title_justify="left")
    for column in columns:
        table.add_column(column.replace("_", " "))
    for row in rows:
        table.add_row(*(Text("" if row.get(column) is None else str(row[column])) for column in columns))
    Console().print(table)
