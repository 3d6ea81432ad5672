"""`api`: calls the shop's REST API from the terminal, as its operator and without a server."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from starlette.types import ASGIApp, Receive, Scope, Send

from bottega.actions.actor import Actor
from bottega.bootstrap import web_app
from bottega.bootstrap.background import catch_up
from bottega.cli.context import open_application
from bottega.cli.refusals import shown
from bottega.entrance.identity import OPERATOR_SCOPE
from bottega.kernel.errors import Invalid
from bottega.kernel.identifiers import new_id

# Whoever may run commands on the machine of the shop acts as its owner.
OPERATOR = Actor("staff", "operator", "owner")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
HELD = 202


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("api")(api)


def api(
    method: Annotated[str, typer.Argument(help=f"One of: {', '.join(METHODS)}.")],
    path: Annotated[str, typer.Argument(help="For example /api/orders?limit=5; see docs/openapi.json.")],
    body: Annotated[str, typer.Argument(help="JSON; @FILE reads a file, - standard input.")] = "",
    key: Annotated[str, typer.Option(help="Idempotency key; default a new one.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One line instead of an indented document.")] = False,
) -> None:
    """Call the API as the shop's owner, print the JSON answer, and exit 1 when it is a refusal."""
    with shown(as_json=as_json):
        if method.upper() not in METHODS:
            raise Invalid("no_such_method", f"There is no method '{method}'.", next_step=f"Use {', '.join(METHODS)}.")
        status, answered = asyncio.run(_call(method.upper(), path, _body(body), key or new_id("key")))
    if as_json:
        sys.stdout.write(json.dumps(answered, ensure_ascii=False) + "\n")
    else:
        Console().print_json(data=answered)
    if status == HELD:
        Console(stderr=True).print("held: a second person decides, see /api/approvals")
    if status >= 400:
        raise typer.Exit(1)


def _body(text: str) -> Any:
    if text == "-":
        text = sys.stdin.read()
    elif text.startswith("@"):
        text = Path(text[1:]).read_text(encoding="utf-8")
    if not text.strip():
        return None
    try:
        return json.loads(text)
    except ValueError as error:
        raise Invalid("bad_json", f"The body is not JSON: {error}.", next_step="Quote it for the shell.") from None


async def _call(method: str, path: str, body: Any, key: str) -> tuple[int, Any]:
    async with open_application() as application:
        transport = httpx.ASGITransport(app=_as_operator(web_app(application)))
        async with httpx.AsyncClient(transport=transport, base_url=application.settings.public_url) as client:
            answered = await client.request(method, path, json=body, headers={"Idempotency-Key": key})
        if method != "GET":
            # Nobody else may be running: what was left to be sent is sent, and what was written is made findable.
            while await application.effects.drive_due():
                pass
            await catch_up(application)
        readable = answered.headers.get("content-type", "").partition(";")[0].endswith("json")
        return answered.status_code, answered.json() if readable else {
            "status": answered.status_code,
            "text": answered.text,
        }


def _as_operator(app: ASGIApp) -> ASGIApp:
    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, OPERATOR_SCOPE: OPERATOR}, receive, send)

    return call
