"""`bottega staff` and `bottega api-keys`: the first owner, passwords, keys."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from typer import Typer
from typer.testing import CliRunner

from bottega.cli import api_keys, staff
from tests.gateway.people import bearer, sign_in
from tests.shop_fixtures import Shop

PASSWORD = "a sentence of the owner"
OWNER = ("create-owner", "--email", "olga@example.com", "--name", "Olga", "--password-stdin")


class Shell:
    """Runs a command in a thread, because it brings an event loop of its own."""

    async def json(self, app: Typer, *arguments: str, given: str = "") -> tuple[int, Any]:
        runner = CliRunner()
        result = await asyncio.to_thread(
            runner.invoke, app, [*arguments, "--json"], input=given, catch_exceptions=False
        )
        return result.exit_code, json.loads(result.output)


@pytest.fixture
def shell(shop: Shop, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("BOTTEGA_DATA_DIR", str(tmp_path))
    return Shell()


async def test_the_first_owner_is_made_once_and_signs_in(shop: Shop, shell: Shell) -> None:
    exit_code, made = await shell.json(staff.app, *OWNER, given=f"{PASSWORD}\n")
    assert (exit_code, made["role"]) == (0, "owner")
    signed_in = await sign_in(shop, "olga@example.com", password=PASSWORD, audience="staff")
    assert signed_in.json()["subject_id"] == made["staff_id"]
    exit_code, refused = await shell.json(staff.app, *OWNER, given=f"{PASSWORD}\n")
    assert (exit_code, refused["error"]["code"]) == (1, "owner_exists")
    _, listed = await shell.json(staff.app, "list")
    assert [(member["email"], member["role"]) for member in listed["staff"]] == [("olga@example.com", "owner")]


@pytest.mark.parametrize(
    ("email", "password", "code"), [("olga", PASSWORD, "bad_arguments"), ("olga@example.com", "short", "bad_password")]
)
async def test_what_is_wrong_is_named_and_nothing_is_made(
    shop: Shop, shell: Shell, email: str, password: str, code: str
) -> None:
    arguments = ("create-owner", "--email", email, "--name", "Olga", "--password-stdin")
    exit_code, refused = await shell.json(staff.app, *arguments, given=f"{password}\n")
    assert (exit_code, refused["error"]["code"]) == (1, code)
    assert await shop.fetchval("SELECT count(*) FROM shop.staff") == 0
    assert await shop.fetchval("SELECT count(*) FROM platform.credentials") == 0


async def test_a_locked_out_owner_gets_a_new_password(shop: Shop, shell: Shell) -> None:
    await shell.json(staff.app, *OWNER, given=f"{PASSWORD}\n")
    for _ in range(5):
        await sign_in(shop, "olga@example.com", password="wrong password", audience="staff")
    arguments = ("set-password", "--email", "olga@example.com", "--password-stdin")
    exit_code, _ = await shell.json(staff.app, *arguments, given="another sentence of hers\n")
    assert exit_code == 0
    signed_in = await sign_in(shop, "olga@example.com", password="another sentence of hers", audience="staff")
    assert signed_in.status_code == 201
    arguments = ("set-password", "--email", "nobody@example.com", "--password-stdin")
    exit_code, refused = await shell.json(staff.app, *arguments, given="another sentence of hers\n")
    assert (exit_code, refused["error"]["code"]) == (1, "no_such_staff")


async def test_a_key_from_the_command_line_opens_until_it_is_revoked(shop: Shop, shell: Shell) -> None:
    arguments = ("create", "--name", "Scanner", "--role", "warehouse", "--scope", "stock")
    exit_code, made = await shell.json(api_keys.app, *arguments)
    assert exit_code == 0
    seen = await shop.client.get("/api/account", headers=bearer(made["token"]))
    assert (seen.json()["role"], seen.json()["scopes"]) == ("warehouse", ["stock"])
    _, listed = await shell.json(api_keys.app, "list")
    assert [(key["id"], key["created_by"]) for key in listed["api_keys"]] == [(made["key_id"], "command-line")]
    assert "token" not in listed["api_keys"][0]
    assert (await shell.json(api_keys.app, "revoke", made["key_id"]))[0] == 0
    assert (await shop.client.get("/api/account", headers=bearer(made["token"]))).status_code == 401


async def test_a_key_of_an_unknown_role_or_scope_is_refused(shop: Shop, shell: Shell) -> None:
    for role, scope, code in (("chief", "stock", "bad_arguments"), ("support", "everything", "unknown_scopes")):
        exit_code, refused = await shell.json(api_keys.app, "create", "--name", "K", "--role", role, "--scope", scope)
        assert (exit_code, refused["error"]["code"]) == (1, code)
    assert await shop.fetchval("SELECT count(*) FROM platform.api_keys") == 0
