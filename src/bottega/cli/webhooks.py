"""`bottega webhooks`: events that payment gateways have sent to the shop, and calls to other systems."""

import asyncio
import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bottega.cli.context import open_application
from bottega.cli.refusals import shown, write_json
from bottega.cli.webhook_endpoints import deliveries, endpoints
from bottega.kernel.errors import Invalid
from bottega.shop.flows.webhook_inbox import (
    INBOX_STATES,
    Inbox,
    InboxEvent,
    InboxState,
    get_inbox_event,
    list_inbox,
    requeue_event,
)

Provider = Annotated[str, typer.Argument(metavar="PROVIDER", help="The gateway, e.g. stripe.")]
EventId = Annotated[str, typer.Argument(metavar="EVENT", help="The gateway's name of the event.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

app = typer.Typer(no_args_is_help=True, help="Webhooks in and out.")
inbox = typer.Typer(no_args_is_help=True, help="Events that payment gateways have sent.")
app.add_typer(inbox, name="inbox")
app.add_typer(endpoints, name="endpoints")
app.add_typer(deliveries, name="deliveries")


@inbox.command("list")
def list_all(
    state: Annotated[str | None, typer.Option(help=f"Only {', '.join(INBOX_STATES)}.")] = None,
    provider: Annotated[str | None, typer.Option(help="Only events of this gateway.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=500)] = 50,
    as_json: AsJson = False,
) -> None:
    """List received events."""
    with shown(as_json=as_json):
        chosen: InboxState | None = next((known for known in INBOX_STATES if known == state), None)
        if state is not None and chosen is None:
            raise Invalid("no_such_state", f"'{state}' is no state.", next_step=f"Use {', '.join(INBOX_STATES)}.")

        async def listed() -> list[InboxEvent]:
            async with open_application() as application, application.database.read() as connection:
                return await list_inbox(connection, provider=provider, state=chosen, limit=limit)

        events = asyncio.run(listed())
        if as_json:
            write_json({"events": [event.model_dump(mode="json") for event in events]})
        else:
            _print_table(events)


@inbox.command()
def show(provider: Provider, event_id: EventId, as_json: AsJson = False) -> None:
    """Show one event: what it names, how often it came, and why it is dead."""
    with shown(as_json=as_json):

        async def read() -> InboxEvent:
            async with open_application() as application, application.database.read() as connection:
                return await get_inbox_event(connection, provider, event_id)

        _print_whole(asyncio.run(read()).model_dump(mode="json"), as_json)


@inbox.command()
def requeue(provider: Provider, event_id: EventId, as_json: AsJson = False) -> None:
    """Work a dead event off again, at once."""
    with shown(as_json=as_json):

        async def again() -> InboxEvent:
            async with open_application() as application:
                async with application.database.write() as connection:
                    await requeue_event(connection, provider, event_id, application.clock.now())
                await Inbox(application.performer, application.services).work_off(provider, event_id)
                async with application.database.read() as connection:
                    return await get_inbox_event(connection, provider, event_id)

        _print_whole(asyncio.run(again()).model_dump(mode="json"), as_json)


def _print_table(events: list[InboxEvent]) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in ("provider", "event", "kind", "state", "deliveries", "attempts", "last error"):
        table.add_column(heading, no_wrap=heading != "last error")
    for event in events:
        counts = (str(event.deliveries), str(event.attempts))
        table.add_row(event.provider, event.event_id, event.kind, event.state, *counts, Text(event.last_error or ""))
    Console().print(table)


def _print_whole(record: dict[str, Any], as_json: bool) -> None:
    if as_json:
        write_json(record)
        return
    width = max(map(len, record))
    for name, value in record.items():
        if value is not None:
            print(f"{name:<{width}}  {json.dumps(value) if isinstance(value, dict) else value}")
