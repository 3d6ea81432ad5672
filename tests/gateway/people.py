"""People of a test, signed in over HTTP."""

from dataclasses import dataclass
from typing import Any

import httpx

from bottega.connectors.sandbox.mail import PostgresOutbox
from bottega.ports.mailer import Mail
from tests.shop_fixtures import Shop

PASSWORD = "correct horse battery staple"


@dataclass(frozen=True)
class Person:
    """An account with a session."""

    customer_id: str
    email: str
    headers: dict[str, str]


async def register(shop: Shop, email: str = "ada@example.com", **changes: Any) -> Person:
    """A registered customer, signed in with a bearer token."""
    body = {"email": email, "name": "Ada Marchetti", "password": PASSWORD, **changes}
    made = await shop.client.post("/api/customers", json=body)
    assert made.status_code == 201, made.text
    return Person(made.json()["subject_id"], email, bearer(made.json()["token"]))


async def sign_in(shop: Shop, email: str = "ada@example.com", **changes: Any) -> httpx.Response:
    """A try to sign in, by password unless changed."""
    body = {"email": email, "password": PASSWORD, **changes}
    return await shop.client.post("/api/sign-in", json={name: value for name, value in body.items() if value})


async def mails_to(shop: Shop, address: str) -> list[Mail]:
    """What was mailed to an address, newest first, once everything due is sent."""
    await shop.application.effects.drive_due()
    outbox = PostgresOutbox(shop.application.database, shop.application.clock)
    return [entry.mail for entry in await outbox.list_mail(address)]


async def code_for(shop: Shop, address: str) -> str:
    """The code in the newest mail to an address."""
    mails = await mails_to(shop, address)
    return next(word for word in mails[0].text.replace(".", " ").split() if word.isdigit() and len(word) == 8)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
