"""`bottega api-keys`: keys for programs that work for the shop."""

import asyncio
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from bottega.actions.actor import Actor
from bottega.cli.context import open_application
from bottega.cli.refusals import shown, write_json
from bottega.entrance import tokens
from bottega.platform.database.pool import Connection
from bottega.shop.staff.actions import CreateApiKey, RevokeApiKey, bind_token
from bottega.shop.staff.model import ApiKey
from bottega.shop.staff.queries import list_api_keys

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

LARGEST_PAGE = 500
# Whoever runs commands on the shop's machine has the database anyway.
OPERATOR = Actor("staff", "command-line", "owner")

app = typer.Typer(no_args_is_help=True, help="API keys: who may do what by program.")


@app.command()
def create(
    name: Annotated[str, typer.Option(prompt=True, help="What the key is for.")],
    role: Annotated[str, typer.Option(help="owner, manager, support, warehouse or analyst.")],
    scope: Annotated[list[str], typer.Option(help="A group of actions, read for all reading, or *; repeatable.")],
    as_json: AsJson = False,
) -> None:
    """Make a key and print its token, which is shown this once."""
    with shown(as_json=as_json):
        action = CreateApiKey.model_validate({"name": name, "role": role, "scopes": scope})
        token, made = asyncio.run(_create(action))
        if as_json:
            write_json({**made, "token": token})
        else:
            Console().print(f"{made['key_id']} ({role}: {', '.join(scope)})\n{token}", highlight=False, soft_wrap=True)


@app.command("list")
def list_all(as_json: AsJson = False) -> None:
    """List the keys, revoked ones included."""
    with shown(as_json=as_json):
        keys = asyncio.run(_list())
        if as_json:
            write_json({"api_keys": [key.model_dump(mode="json") for key in keys]})
            return
        table = Table(box=None, pad_edge=False)
        for heading in ("id", "name", "role", "scopes", "last used", "ends"):
            table.add_column(heading, no_wrap=heading != "scopes")
        for key in keys:
            ends = "revoked" if key.revoked_at else f"{key.expires_at:%Y-%m-%d}" if key.expires_at else "never"
            table.add_row(key.id, key.name, key.role, ", ".join(key.scopes), key.last_used_on or "never", ends)
        Console().print(table)


@app.command()
def revoke(key_id: Annotated[str, typer.Argument(metavar="ID")], as_json: AsJson = False) -> None:
    """End a key at once."""
    with shown(as_json=as_json):
        revoked = asyncio.run(_revoke(RevokeApiKey.model_validate({"key_id": key_id})))
        if as_json:
            write_json(revoked)
        else:
            Console().print(f"{key_id} opens nothing any more.", highlight=False)


async def _create(action: CreateApiKey) -> tuple[str, dict[str, Any]]:
    token, digest = tokens.random_token(tokens.API_KEY)

    async def bind(connection: Connection) -> None:
        await bind_token(connection, digest)

    async with open_application() as application:
        outcome = await application.performer.perform(action, by=OPERATOR, alongside=bind)
    return token, outcome.unwrap()


async def _list() -> list[ApiKey]:
    async with open_application() as application, application.database.read() as connection:
        return await list_api_keys(connection, limit=LARGEST_PAGE)


async def _revoke(action: RevokeApiKey) -> dict[str, Any]:
    async with open_application() as application:
        return (await application.performer.perform(action, by=OPERATOR)).unwrap()
