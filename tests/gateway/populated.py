"""A shop in which there is one of everything: what is sold, bought, shipped, returned, held, mailed and hooked."""

from collections import defaultdict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bottega.actions.log.sealer import Sealer
from bottega.bootstrap.background import signing_key
from bottega.kernel.identifiers import new_id
from tests.gateway.checkout import ADDRESS, Buyer, Counter, bought, open_counter
from tests.gateway.people import Person, register
from tests.gateway.surface import IDENTIFIER, Operation, operations
from tests.shop_fixtures import Shop, open_shop


@dataclass
class Populated:
    """The shop, who may call, and the identifiers of everything in it by prefix, those of the customer first."""

    shop: Shop
    counter: Counter
    owner: dict[str, str]
    guest: dict[str, str]
    customer: Person
    other: Person
    ids: dict[str, list[str]]

    def headers(self, who: str) -> dict[str, str]:
        """Headers of `anonymous`, `guest`, `customer`, `other` or `owner`."""
        people = {"customer": self.customer.headers, "other": self.other.headers, "owner": self.owner}
        return {**people, "guest": self.guest, "anonymous": {}}[who]


@asynccontextmanager
async def open_populated(database_url: str, directory: Path) -> AsyncGenerator[Populated]:
    """Opens a shop and fills it, by the flows first and then by the example of every route that makes something."""
    changes: dict[str, Any] = {"requests_per_minute": 10_000_000, "event_stream_seconds": 0.2}
    async with open_shop(database_url, directory, **changes) as shop:
        counter = await open_counter(shop)
        owner = await shop.staff_headers("owner")
        customer, other = await register(shop, "ada@example.com"), await register(shop, "bruno@example.com")
        ada = Buyer(shop, counter, customer.headers)
        paid = (await ada.order())["order_id"]
        await ada.pay(paid)
        waiting = (await ada.order(jackets=1, stoves=0))["order_id"]
        await ada.call("POST", f"/api/customers/{customer.customer_id}/addresses", {"address": ADDRESS})
        guest, _ = await bought(shop, counter)
        populated = Populated(shop, counter, owner, guest.headers, customer, other, {})
        await _fill(populated, [paid, waiting])
        yield populated


async def _fill(populated: Populated, first: list[str]) -> None:
    """Two rounds, because what one route makes another one needs."""
    creating = [found for found in operations() if found.method == "POST" and _makes_something(found)]
    await _held(populated)
    await _documents(populated)
    for _ in range(2):
        for operation in creating:
            populated.ids = await identifiers(populated.shop, first)
            for who in ("customer", "owner"):
                await populated.shop.client.request(
                    operation.method,
                    operation.url(populated.ids),
                    json=operation.body(populated.ids),
                    headers={**populated.headers(who), "Idempotency-Key": new_id("req")},
                )
    application = populated.shop.application
    sealer = Sealer(application.database.dsn, signing_key(application), application.clock)
    await sealer.seal_all()
    await sealer.close()
    populated.ids = await identifiers(populated.shop, first)


def _makes_something(operation: Operation) -> bool:
    ends = ("/forgetting", "/closing", "/grant", "/denial", "/cancellation", "/sign-in", "/undo")
    return operation.performs and not operation.path.endswith(ends)


async def _held(populated: Populated) -> None:
    """An approval that waits."""
    counter = populated.counter
    body = {"variant_id": counter.jacket, "location_id": counter.location, "change": -500, "reason": "Flooded"}
    headers = await populated.shop.staff_headers("warehouse")
    held = await populated.shop.client.post("/api/stock/adjustments", json=body, headers=headers)
    assert held.status_code == 202, held.text


async def _documents(populated: Populated) -> None:
    """A document of the shop, in the folder where its owner would put it."""
    library = populated.shop.application.knowledge
    root = library.folders[0].root
    root.mkdir(parents=True, exist_ok=True)
    (root / "returns.md").write_text("# Returns\n\nWithin 30 days.\n")
    await library.ingest_all()


async def identifiers(shop: Shop, first: list[str]) -> dict[str, list[str]]:
    """Every identifier that is the key of a row, by prefix; oldest first, but those of `first` in front."""
    tables = await shop.fetch(
        "SELECT table_schema || '.' || table_name AS name FROM information_schema.columns WHERE column_name = 'id' "
        "AND data_type = 'text' AND table_schema IN ('shop', 'log', 'platform', 'runtime') ORDER BY 1"
    )
    found: dict[str, list[str]] = defaultdict(list)
    for table in tables:
        for row in await shop.fetch(f"SELECT id FROM {table['name']} ORDER BY id LIMIT 200"):
            if match := IDENTIFIER.fullmatch(row["id"]):
                found[match[1]].append(row["id"])
    for identifier in reversed(first):
        listed = found[identifier[:3]]
        listed.insert(0, listed.pop(listed.index(identifier)))
    return dict(found)
