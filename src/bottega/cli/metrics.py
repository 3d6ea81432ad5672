"""`bottega metrics`: how the agents are doing, against their targets."""

import asyncio
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from bottega.cli.context import open_application
from bottega.cli.refusals import shown, write_json
from bottega.kernel.errors import Invalid
from bottega.runtime import metrics as figures

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("metrics")(metrics)


def metrics(
    metric: Annotated[str | None, typer.Argument(help="A metric whose target is to be set.")] = None,
    target: Annotated[str | None, typer.Option(help='Its new target; "none" only measures it.')] = None,
    as_json: AsJson = False,
) -> None:
    """Show every metric of the agents with its target, and what is missed; or set the target of one."""
    with shown(as_json=as_json):
        if (metric is None) is not (target is None):
            raise Invalid("target_unclear", "A target needs a metric and a value.", next_step="Give METRIC --target.")
        if metric is not None and target is not None:
            asyncio.run(_set(metric, _number(target)))
        found = asyncio.run(_measured())
        if as_json:
            write_json(found)
        else:
            _print(found)


def _number(text: str) -> float | None:
    if text == "none":
        return None
    try:
        return float(text)
    except ValueError:
        raise Invalid("bad_target", f"'{text[:40]}' is no number.", next_step="Give a number, or none.") from None


async def _set(metric: str, target: float | None) -> None:
    async with open_application() as application:
        await figures.set_target(application.database, metric, target)


async def _measured() -> dict[str, Any]:
    async with open_application() as application, application.database.read() as connection:
        measured = await figures.measure(connection, application.clock.now())
        alerts = await figures.open_alerts(connection)
    return {"metrics": [asdict(one) for one in measured], "alerts": [asdict(one) for one in alerts]}


def _print(found: dict[str, Any]) -> None:
    console = Console()
    table = Table(box=None, pad_edge=False)
    for heading in ("metric", "value", "before", "target", "of", "unit", "hours", "meaning"):
        table.add_column(heading, no_wrap=heading != "meaning")
    for one in found["metrics"]:
        sign = "≤" if one["direction"] == "at_most" else "≥"
        table.add_row(
            one["metric"],
            _shown(one["value"]),
            _shown(one["before"]),
            "" if one["target"] is None else f"{sign} {_shown(one['target'])}",
            str(one["sample"]),
            one["unit"],
            str(one["window_hours"]),
            one["meaning"],
            style="red" if one["is_missed"] else "",
        )
    console.print(table)
    for alert in found["alerts"]:
        console.print(f"[red]missed[/red] since {alert['began_at']:%Y-%m-%d %H:%M}: {alert['metric']}")


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:,.1f}".rstrip("0").rstrip(".")
