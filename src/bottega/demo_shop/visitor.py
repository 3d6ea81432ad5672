"""Somebody who talks to the shop's own API, inside the same process."""

from dataclasses import dataclass, field
from typing import Any

import httpx

from bottega.kernel.identifiers import new_id


class StoryBroken(Exception):
    """The API answered otherwise than the story tells; the demo fails loudly."""


@dataclass
class Visitor:
    """A caller with a token; every write carries a key of its own."""

    client: httpx.AsyncClient
    headers: dict[str, str] = field(default_factory=dict[str, str])

    @classmethod
    async def guest(cls, client: httpx.AsyncClient) -> "Visitor":
        """Somebody without an account."""
        visitor = cls(client)
        token = (await visitor.post("/api/guests"))["token"]
        visitor.headers = {"Authorization": f"Bearer {token}"}
        return visitor

    @classmethod
    async def signed_in(cls, client: httpx.AsyncClient, email: str, password: str, audience: str) -> "Visitor":
        """Somebody with an account: a customer or a member of staff."""
        visitor = cls(client)
        body = {"email": email, "password": password, "audience": audience}
        token = (await visitor.post("/api/sign-in", body))["token"]
        visitor.headers = {"Authorization": f"Bearer {token}"}
        return visitor

    async def get(self, path: str) -> dict[str, Any]:
        return self._read(await self.client.get(path, headers=self.headers), 200)

    async def post(self, path: str, body: Any = None, *, expect: int | None = None) -> dict[str, Any]:
        return await self._write("POST", path, body, expect)

    async def put(self, path: str, body: Any = None, *, expect: int | None = None) -> dict[str, Any]:
        return await self._write("PUT", path, body, expect)

    async def _write(self, method: str, path: str, body: Any, expect: int | None) -> dict[str, Any]:
        headers = {**self.headers, "Idempotency-Key": new_id("key")}
        return self._read(await self.client.request(method, path, json=body, headers=headers), expect)

    def _read(self, answer: httpx.Response, expect: int | None) -> dict[str, Any]:
        fine = answer.status_code == expect if expect else answer.is_success
        if not fine:
            raise StoryBroken(f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text}")
        return answer.json()
