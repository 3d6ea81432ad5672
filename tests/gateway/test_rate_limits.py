"""Rate limits: by address or session, stricter for what can be guessed or costs mail; who is believed on addresses."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import httpx
import pytest

from bottega.entrance.client_address import client_address
from tests.gateway.people import bearer
from tests.shop_fixtures import Shop, open_shop


@asynccontextmanager
async def limited(database_url: str, directory: Path, **changes: Any) -> AsyncGenerator[Shop]:
    """A shop with limits of 30 requests a minute, unless changed."""
    async with open_shop(database_url, directory, **{"requests_per_minute": 30, **changes}) as shop:
        yield shop


def from_address(shop: Shop, address: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=shop.app, client=(address, 1234))
    return httpx.AsyncClient(transport=transport, base_url="http://shop.test")


async def test_the_request_over_the_limit_is_told_when_to_come_back(database_url: str, tmp_path: Path) -> None:
    async with limited(database_url, tmp_path) as shop:
        answers = [await shop.client.get("/api/account") for _ in range(31)]
        assert [answered.status_code for answered in answers[:30]] == [401] * 30
        assert answers[30].status_code == 429
        assert answers[30].headers["content-type"] == "application/problem+json"
        assert answers[30].json()["code"] == "too_many_requests"
        assert 1 <= int(answers[30].headers["retry-after"]) <= 60
        assert "x-request-id" in answers[30].headers
        async with from_address(shop, "203.0.113.9") as elsewhere:
            assert (await elsewhere.get("/api/account")).status_code == 401
        assert (await shop.client.get("/healthz")).status_code == 200


async def test_sessions_behind_one_address_do_not_starve_each_other(database_url: str, tmp_path: Path) -> None:
    async with limited(database_url, tmp_path) as shop:
        guests = [await shop.guest_headers() for _ in range(2)]
        for _ in range(30):
            assert (await shop.client.get("/api/account", headers=guests[0])).status_code == 200
        assert (await shop.client.get("/api/account", headers=guests[0])).status_code == 429
        assert (await shop.client.get("/api/account", headers=guests[1])).status_code == 200


async def test_inventing_tokens_gains_nothing(database_url: str, tmp_path: Path) -> None:
    async with limited(database_url, tmp_path) as shop:
        statuses = [
            (await shop.client.get("/api/account", headers=bearer(f"bts_{number}"))).status_code for number in range(5)
        ]
        assert statuses == [401, 401, 401, 429, 429]


@pytest.mark.parametrize(
    ("method", "path", "body", "allowed"),
    [
        ("POST", "/api/guests", None, 6),
        ("POST", "/api/customers", {"email": "x", "name": "x"}, 2),
        ("POST", "/api/sign-in", {"email": "nobody@example.com", "password": "wrong password"}, 2),
        ("POST", "/api/sign-in/codes", {"email": "nobody@example.com"}, 1),
        ("POST", "/api/sign-in/password-resets", {"email": "nobody@example.com"}, 1),
        ("PUT", "/api/sign-in/password", {"email": "n@example.com", "code": "12345678", "password": "long enough"}, 1),
    ],
)
async def test_what_can_be_guessed_or_costs_mail_has_a_stricter_limit(
    database_url: str, tmp_path: Path, method: str, path: str, body: Any, allowed: int
) -> None:
    async with limited(database_url, tmp_path, requests_per_minute=60) as shop:
        answers = [await shop.client.request(method, path, json=body) for _ in range(allowed + 1)]
        assert 429 not in [answered.status_code for answered in answers[:allowed]]
        assert answers[allowed].status_code == 429
        async with from_address(shop, "203.0.113.9") as elsewhere:
            assert (await elsewhere.request(method, path, json=body)).status_code != 429


async def test_one_mailbox_gets_a_few_codes_an_hour_known_or_not(shop: Shop) -> None:
    for email in ("ada@example.com", "nobody@example.com"):
        statuses = [(await shop.client.post("/api/sign-in/codes", json={"email": email})).status_code for _ in range(7)]
        assert statuses == [202] * 6 + [429]


def seen_from(peer: str, forwarded: str | None, *trusted: str) -> str:
    headers = [] if forwarded is None else [(b"x-forwarded-for", forwarded.encode())]
    networks = [ip_network(network) for network in trusted]
    return client_address({"type": "http", "client": (peer, 1), "headers": headers}, networks)


@pytest.mark.parametrize(
    ("peer", "forwarded", "trusted", "seen"),
    [
        ("198.51.100.7", "203.0.113.9", (), "198.51.100.7"),
        ("198.51.100.7", "203.0.113.9", ("10.0.0.0/8",), "198.51.100.7"),
        ("10.0.0.2", "203.0.113.9", ("10.0.0.0/8",), "203.0.113.9"),
        ("10.0.0.2", "1.2.3.4, 203.0.113.9", ("10.0.0.0/8",), "203.0.113.9"),
        ("10.0.0.2", "203.0.113.9, 10.0.0.5", ("10.0.0.0/8",), "203.0.113.9"),
        ("10.0.0.2", None, ("10.0.0.0/8",), "10.0.0.2"),
        ("10.0.0.2", "nonsense", ("10.0.0.0/8",), "10.0.0.2"),
        ("2001:db8:1:2:3:4:5:6", None, (), "2001:db8:1:2::/64"),
        ("::ffff:198.51.100.7", None, (), "198.51.100.7"),
    ],
)
def test_only_proxies_of_ours_are_believed(
    peer: str, forwarded: str | None, trusted: tuple[str, ...], seen: str
) -> None:
    assert seen_from(peer, forwarded, *trusted) == seen


async def test_a_forged_forwarding_header_changes_nothing(database_url: str, tmp_path: Path) -> None:
    async with limited(database_url, tmp_path) as shop:
        answers = [
            await shop.client.get("/api/account", headers={"X-Forwarded-For": f"203.0.113.{number}"})
            for number in range(31)
        ]
        assert answers[30].status_code == 429
