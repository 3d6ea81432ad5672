"""`bottega webhooks endpoints` and `bottega webhooks deliveries`: calls to other systems."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar, get_args

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bottega.actions.action import Action
from bottega.actions.actor import Actor
from bottega.cli.context import open_application
from bottega.cli.refusals import shown, write_json
from bottega.kernel.errors import Invalid
from bottega.platform.database.pool import Connection
from bottega.platform.outgoing_http import OutgoingHttp
from bottega.shop.webhooks.actions import (
    CreateWebhookEndpoint,
    RemoveWebhookEndpoint,
    ReplayWebhookDelivery,
    bind_secret,
)
from bottega.shop.webhooks.model import DeliveryState, WebhookDelivery, WebhookEndpoint
from bottega.shop.webhooks.queries import get_delivery, list_deliveries, list_endpoints
from bottega.shop.webhooks.signature import new_secret

# Whoever runs commands on the shop's machine has the database anyway.
OPERATOR = Actor("staff", "command-line", "owner")
STATES: tuple[DeliveryState, ...] = get_args(DeliveryState)

Answer = TypeVar("Answer")
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Endpoint = Annotated[str, typer.Argument(metavar="ENDPOINT")]
Delivery = Annotated[str, typer.Argument(metavar="DELIVERY")]

endpoints = typer.Typer(no_args_is_help=True, help="Addresses that the shop calls.")
deliveries = typer.Typer(no_args_is_help=True, help="What was sent there, and what was given up.")


@endpoints.command("list")
def list_all(as_json: AsJson = False) -> None:
    """List the endpoints, with how many deliveries wait or are dead."""
    with shown(as_json=as_json):
        listed: list[WebhookEndpoint] = asyncio.run(_read(list_endpoints))
        if as_json:
            write_json({"endpoints": [endpoint.model_dump(mode="json") for endpoint in listed]})
            return
        table = _table("id", "url", "topics", "active", "waiting", "dead")
        for found in listed:
            topics = ", ".join(found.topics)
            state = "yes" if found.active else "no"
            table.add_row(found.id, Text(found.url), topics, state, str(found.waiting), str(found.dead))
        Console().print(table)


@endpoints.command()
def create(
    url: Annotated[str, typer.Argument(metavar="URL")],
    topic: Annotated[list[str], typer.Option(help="The name of an action, or *; repeatable.")],
    as_json: AsJson = False,
) -> None:
    """Make an endpoint and print its signing secret, which is shown this once."""
    with shown(as_json=as_json):
        secret = new_secret()
        action = CreateWebhookEndpoint.model_validate({"url": url, "topics": topic})
        made = asyncio.run(_perform(action, url=url, secret=secret))
        if as_json:
            write_json({**made, "secret": secret})
        else:
            Console().print(f"{made['endpoint_id']}\n{secret}", highlight=False, soft_wrap=True)


@endpoints.command()
def remove(endpoint_id: Endpoint, as_json: AsJson = False) -> None:
    """Call it no more; its deliveries go with it."""
    with shown(as_json=as_json):
        removed = asyncio.run(_perform(RemoveWebhookEndpoint.model_validate({"endpoint_id": endpoint_id})))
        if as_json:
            write_json(removed)
        else:
            Console().print(f"{endpoint_id} is called no more.", highlight=False)


@deliveries.command("list")
def list_some(
    state: Annotated[str | None, typer.Option(help=f"Only {', '.join(STATES)}.")] = None,
    endpoint: Annotated[str | None, typer.Option(help="Only those to this endpoint.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many, the newest first.", min=1, max=500)] = 50,
    as_json: AsJson = False,
) -> None:
    """List deliveries, the newest first."""
    with shown(as_json=as_json):
        chosen: DeliveryState | None = next((known for known in STATES if known == state), None)
        if state is not None and chosen is None:
            raise Invalid("no_such_state", f"'{state}' is no state.", next_step=f"Use {', '.join(STATES)}.")
        listed: list[WebhookDelivery] = asyncio.run(
            _read(lambda connection: list_deliveries(connection, endpoint_id=endpoint, state=chosen, limit=limit))
        )
        if as_json:
            write_json({"deliveries": [delivery.model_dump(mode="json") for delivery in listed]})
            return
        table = _table("id", "endpoint", "topic", "position", "state", "attempts", "last error")
        for found in listed:
            figures = (str(found.position), found.state, str(found.attempts))
            table.add_row(found.id, found.endpoint_id, found.topic, *figures, Text(found.last_error or ""))
        Console().print(table)


@deliveries.command()
def show(delivery_id: Delivery, as_json: AsJson = False) -> None:
    """Show one delivery with what is sent."""
    with shown(as_json=as_json):
        found: WebhookDelivery = asyncio.run(_read(lambda connection: get_delivery(connection, delivery_id)))
        record = found.model_dump(mode="json")
        if as_json:
            write_json(record)
            return
        for name, value in record.items():
            Console().print(f"{name:<15} {value}", highlight=False, markup=False, soft_wrap=True)


@deliveries.command()
def replay(delivery_id: Delivery, as_json: AsJson = False) -> None:
    """Send it again, with all its attempts before it; the worker does so within a second."""
    with shown(as_json=as_json):
        replayed = asyncio.run(_perform(ReplayWebhookDelivery.model_validate({"delivery_id": delivery_id})))
        if as_json:
            write_json(replayed)
        else:
            Console().print(f"{delivery_id} is on its way again.", highlight=False)


async def _read(ask: Callable[[Connection], Awaitable[Answer]]) -> Answer:
    async with open_application() as application, application.database.read() as connection:
        return await ask(connection)


async def _perform(action: Action, *, url: str | None = None, secret: str = "") -> dict[str, Any]:
    async def bind(connection: Connection) -> None:
        await bind_secret(connection, secret)

    async with open_application() as application:
        if url is not None:
            application.services.get(OutgoingHttp).check(url)
        outcome = await application.performer.perform(action, by=OPERATOR, alongside=bind if secret else None)
        result = outcome.unwrap()
        application.jobs.wake()
        return result


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading, no_wrap=heading not in ("url", "topics", "last error"))
    return table
