"""`bottega effects`: calls to the outside world, and decisions about those that did not go through."""

import asyncio
import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bottega.actions.action import Action
from bottega.actions.actor import Actor
from bottega.actions.effect_decisions import CancelEffect, RequeueEffect
from bottega.actions.effects import STATES, get_effect, list_effects
from bottega.cli.context import open_application
from bottega.cli.refusals import shown, write_json
from bottega.kernel.errors import Invalid
from bottega.kernel.identifiers import check_id

# Who has the machine has the shop.
OPERATOR = Actor("staff", "operator", "owner")

EffectId = Annotated[str, typer.Argument(metavar="ID")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

app = typer.Typer(no_args_is_help=True, help="Effects: intended calls to payment gateways and mail servers.")


@app.command("list")
def list_all(
    state: Annotated[str | None, typer.Option(help=f"Only {', '.join(STATES)}.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only effects of this kind, e.g. payment.refund.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many, the oldest first.", min=1, max=200)] = 50,
    as_json: AsJson = False,
) -> None:
    """List effects, the oldest first."""
    with shown(as_json=as_json):
        if state is not None and state not in STATES:
            raise Invalid("no_such_state", f"'{state}' is no state.", next_step=f"Use {', '.join(STATES)}.")
        effects = asyncio.run(_listed(state, kind, limit))
        if as_json:
            write_json({"effects": effects})
        else:
            _print_table(effects)


@app.command()
def show(effect_id: EffectId, as_json: AsJson = False) -> None:
    """Show one effect with its payload, outcome and last error."""
    with shown(as_json=as_json):
        effect = asyncio.run(_one(check_id(effect_id, "eff")))
        if as_json:
            write_json(effect)
        else:
            _print_whole(effect)


@app.command()
def requeue(effect_id: EffectId, as_json: AsJson = False) -> None:
    """Try a dead or cancelled effect again; it is looked up before it is sent."""
    with shown(as_json=as_json):
        _print_decision(_decide(RequeueEffect(effect_id=check_id(effect_id, "eff"))), as_json)


@app.command()
def cancel(
    effect_id: EffectId,
    reason: Annotated[str, typer.Option(help="Why it is given up.")],
    as_json: AsJson = False,
) -> None:
    """Give up an effect that waits or is dead, together with what waits for it."""
    with shown(as_json=as_json):
        _print_decision(_decide(CancelEffect(effect_id=check_id(effect_id, "eff"), reason=reason)), as_json)


async def _listed(state: str | None, kind: str | None, limit: int) -> list[dict[str, Any]]:
    async with open_application() as application, application.database.read() as connection:
        return await list_effects(connection, state=state, kind=kind, limit=limit)


async def _one(effect_id: str) -> dict[str, Any]:
    async with open_application() as application, application.database.read() as connection:
        return await get_effect(connection, effect_id)


def _decide(action: Action) -> dict[str, Any]:
    async def perform() -> dict[str, Any]:
        async with open_application() as application:
            return (await application.performer.perform(action, by=OPERATOR)).unwrap()

    return asyncio.run(perform())


def _print_decision(decided: dict[str, Any], as_json: bool) -> None:
    if as_json:
        write_json(decided)
    else:
        print(f"{decided['effect_id']} ({decided['kind']}) is {decided['state']}")


def _print_table(effects: list[dict[str, Any]]) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in ("id", "kind", "state", "attempts", "next attempt", "last error"):
        table.add_column(heading, no_wrap=heading != "last error")
    for effect in effects:
        attempts = f"{effect['attempts']}/{effect['maximum_attempts']}"
        due = f"{effect['next_attempt_at']:%Y-%m-%d %H:%M:%S}"
        table.add_row(effect["id"], effect["kind"], effect["state"], attempts, due, Text(effect["last_error"] or ""))
    Console().print(table)


def _print_whole(record: dict[str, Any]) -> None:
    width = max(map(len, record))
    for name, value in record.items():
        if value is not None:
            print(f"{name:<{width}}  {json.dumps(value, default=str) if isinstance(value, dict) else value}")
