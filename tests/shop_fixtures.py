"""A whole shop over a fresh database: application, HTTP client, people of every role, and a small catalogue."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from bottega.actions.action import Action
from bottega.actions.actor import Actor, system
from bottega.actions.outcome import Outcome
from bottega.bootstrap import Application, open_application, web_app
from bottega.entrance import tokens
from bottega.kernel.identifiers import new_id
from bottega.platform.clock import SystemClock
from bottega.settings import Settings


@dataclass
class Shop:
    """What a test talks to."""

    application: Application
    app: FastAPI
    client: httpx.AsyncClient
    _staff: dict[str, dict[str, str]] = field(default_factory=dict)

    async def perform(self, action: Action, by: Actor | None = None, key: str | None = None) -> Outcome:
        """An action by the owner, or by somebody else."""
        return await self.application.performer.perform(action, by=by or OWNER, key=key)

    async def done(self, action: Action, by: Actor | None = None, key: str | None = None) -> dict[str, Any]:
        """The result of an action that has to succeed."""
        return (await self.perform(action, by, key)).unwrap()

    async def staff_headers(self, role: str = "owner") -> dict[str, str]:
        """Headers of an API key with that staff role."""
        if role not in self._staff:
            token, digest = tokens.random_token(tokens.API_KEY)
            await self.execute(
                "INSERT INTO platform.api_keys (id, digest, name, role, scopes, created_by, created_at) "
                "VALUES ($1, $2, 'test', $3, '{}', $4, now())",
                new_id("key"),
                digest,
                role,
                new_id("stf"),
            )
            self._staff[role] = {"Authorization": f"Bearer {token}"}
        return self._staff[role]

    async def guest_headers(self) -> dict[str, str]:
        """Headers of a new guest."""
        made = await self.client.post("/api/guests")
        return {"Authorization": f"Bearer {made.json()['token']}"}

    async def fetch(self, statement: str, *arguments: Any) -> list[dict[str, Any]]:
        """Rows, straight from the database."""
        async with self.application.database.read() as connection:
            return [dict(row) for row in await connection.fetch(statement, *arguments)]

    async def fetchval(self, statement: str, *arguments: Any) -> Any:
        """One value, straight from the database."""
        async with self.application.database.read() as connection:
            return await connection.fetchval(statement, *arguments)

    async def execute(self, statement: str, *arguments: Any) -> None:
        """A statement outside any action, for tables that are not folded."""
        async with self.application.database.connection() as connection:
            await connection.execute(statement, *arguments)


OWNER = Actor("staff", "stf_00000000000000000000000000", "owner")
MANAGER = Actor("staff", "stf_00000000000000000000000001", "manager")
SUPPORT = Actor("staff", "stf_00000000000000000000000002", "support")
WAREHOUSE = Actor("staff", "stf_00000000000000000000000003", "warehouse")
ANALYST = Actor("staff", "stf_00000000000000000000000004", "analyst")
SYSTEM = system("test")


class MovableClock(SystemClock):
    """The machine's clock, which a test may move forward."""

    def __init__(self) -> None:
        self.offset = timedelta()

    def now(self) -> Any:
        return super().now() + self.offset

    def advance(self, by: timedelta) -> None:
        self.offset += by


def settings_for(database_url: str, directory: Path, **changes: Any) -> Settings:
    """Settings of a test: this database, nothing from the environment's `.env`."""
    values: Mapping[str, Any] = {
        "DATABASE_URL": database_url,
        "data_dir": directory,
        "requests_per_minute": 1_000_000,
        # A test that is about meaning asks for an embedder; no other starts a model's process.
        "embedder": "none",
        **changes,
    }
    return Settings(_env_file=None, **values)  # pyright: ignore[reportCallIssue] - pydantic-settings' own argument


@asynccontextmanager
async def open_shop(database_url: str, directory: Path, **changes: Any) -> AsyncGenerator[Shop]:
    """An open shop; close it by leaving."""
    settings = settings_for(database_url, directory, **changes)
    async with open_application(settings, clock=MovableClock()) as application:
        app = web_app(application)
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as client:
            yield Shop(application, app, client)
