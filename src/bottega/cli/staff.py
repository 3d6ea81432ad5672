"""`bottega staff`: the first owner, who works here, and a new password for somebody who is locked out."""

import asyncio
import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bottega.actions.actor import system
from bottega.actions.perform import Performer
from bottega.cli.context import open_application
from bottega.cli.refusals import shown, write_json
from bottega.kernel.errors import Invalid, NotFound
from bottega.platform.database.pool import Connection
from bottega.platform.sign_in.credentials import end_attempts, store_password
from bottega.platform.sign_in.passwords import (
    LONGEST_PASSWORD_CHARACTERS,
    SHORTEST_PASSWORD_CHARACTERS,
    hash_password,
)
from bottega.shop.flows.sign_in import Claim, digest_of, find_subject, replace_password
from bottega.shop.staff.actions import CreateOwner
from bottega.shop.staff.model import StaffMember
from bottega.shop.staff.queries import list_staff

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Email = Annotated[str, typer.Option(prompt=True, help="The address that signs in.")]
FromInput = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]

LARGEST_PAGE = 500

app = typer.Typer(no_args_is_help=True, help="The people who work in the shop.")


@app.command("create-owner")
def create_owner(
    email: Email,
    name: Annotated[str, typer.Option(prompt=True, help="What colleagues call them.")],
    password_stdin: FromInput = False,
    as_json: AsJson = False,
) -> None:
    """Make the shop's first owner; everybody else is invited by an owner."""
    with shown(as_json=as_json):
        password = _password(from_input=password_stdin)
        staff_id = asyncio.run(_create_owner(email, name, password))
        if as_json:
            write_json({"staff_id": staff_id, "role": "owner"})
        else:
            Console().print(f"{staff_id} owns the shop and signs in as {email}.", highlight=False)


@app.command("set-password")
def set_password(email: Email, password_stdin: FromInput = False, as_json: AsJson = False) -> None:
    """Give a member of staff a new password; all their sessions end."""
    with shown(as_json=as_json):
        password = _password(from_input=password_stdin)
        staff_id = asyncio.run(_set_password(email, password))
        if as_json:
            write_json({"staff_id": staff_id})
        else:
            Console().print(f"{staff_id} has a new password.", highlight=False)


@app.command("list")
def list_all(as_json: AsJson = False) -> None:
    """List the staff with their roles."""
    with shown(as_json=as_json):
        members = asyncio.run(_list())
        if as_json:
            write_json({"staff": [member.model_dump(mode="json") for member in members]})
            return
        table = Table(box=None, pad_edge=False)
        for heading in ("id", "e-mail", "name", "role", "active"):
            table.add_column(heading, no_wrap=True)
        for member in members:
            active = "yes" if member.active else "no"
            table.add_row(member.id, member.email or "", member.name or "", member.role, active)
        Console().print(table)


def _password(*, from_input: bool) -> str:
    if from_input:
        password = sys.stdin.readline().rstrip("\n")
    else:
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    if not SHORTEST_PASSWORD_CHARACTERS <= len(password) <= LONGEST_PASSWORD_CHARACTERS:
        raise Invalid(
            "bad_password",
            f"A password has {SHORTEST_PASSWORD_CHARACTERS} to {LONGEST_PASSWORD_CHARACTERS} characters.",
            next_step="Choose a longer one, such as a sentence.",
        )
    return password


async def _create_owner(email: str, name: str, password: str) -> str:
    password_hash = await hash_password(password)
    action = CreateOwner(email=email, name=name)
    async with open_application() as application:
        now = application.clock.now()

        async def keep_password(connection: Connection) -> None:
            # The action refuses when there is an owner already, so this one is the only one.
            staff_id = await connection.fetchval("SELECT id FROM shop.staff WHERE role = 'owner' AND active")
            await store_password(connection, staff_id, password_hash, now)

        outcome = await application.performer.perform(action, by=system("command_line"), alongside=keep_password)
    return outcome.unwrap()["staff_id"]


async def _set_password(email: str, password: str) -> str:
    async with open_application() as application:
        performer: Performer = application.performer
        claim = Claim("staff", email)
        async with performer.database.connection() as connection:
            staff_id = await find_subject(connection, performer, claim)
            await end_attempts(connection, digest_of(performer, claim))
        if staff_id is None:
            raise NotFound("no_such_staff", "Nobody who works here has this address.", next_step="See `staff list`.")
        await replace_password(performer, staff_id, await hash_password(password))
    return staff_id


async def _list() -> list[StaffMember]:
    async with open_application() as application, application.database.read() as connection:
        return await list_staff(connection, limit=LARGEST_PAGE)
