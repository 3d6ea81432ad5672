"""People at the shop's API who repeat every request under its key until it is answered, and remember the answer."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, cast

import httpx

from bottega.proof.chance import Chance
from bottega.proof.stand import CONTACT, COUPON, Stand

PATIENCE_SECONDS = 60.0
REQUEST_TIMEOUT_SECONDS = 20.0
RETRY_PAUSE_SECONDS = 0.05
# What is left of an answer when the shop may have gone on since: a payment is shown as it stands.
STABLE_FIELDS = ("id", "order_id", "amount_minor", "currency", "method", "kind")
CARDS = ("success", "success", "success", "success", "fails_after_effect", "fails_before_effect", "declined")


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A change that the shop said it made."""

    method: str
    path: str
    body: Any
    key: str
    token: str
    status: int
    answer: Any


class Unanswered(Exception):
    """A request got no answer for as long as anybody waits."""


@dataclass(slots=True)
class Remembered:
    """What was acknowledged, what was refused, and what nobody ever answered."""

    acknowledged: list[Acknowledged] = field(default_factory=list[Acknowledged])
    refused: int = 0
    repeated: int = 0
    unanswered: list[str] = field(default_factory=list[str])
    unexpected: list[str] = field(default_factory=list[str])


class Person:
    """One session at the API."""

    def __init__(self, client: httpx.AsyncClient, token: str, chance: Chance, remembered: Remembered) -> None:
        self._client, self._token, self._chance = client, token, chance
        self._remembered = remembered

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The answer to a change, or None when it was refused; repeats it under the same key while nobody answers."""
        key = f"k{self._chance.getrandbits(96):024x}"
        last = "nothing"
        asked_until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < asked_until:
            answer = await send(self._client, method, path, body, key, self._token)
            if answer is not None and answer.status_code < 500 and answer.status_code != 429:
                return self._heard(
                    Acknowledged(method, path, body, key, self._token, answer.status_code, _body(answer))
                )
            self._remembered.repeated += 1
            await asyncio.sleep(RETRY_PAUSE_SECONDS)
        self._remembered.unanswered.append(f"{method} {path}: {last}")
        raise Unanswered(path)

    def _heard(self, said: Acknowledged) -> Any:
        if 200 <= said.status < 300:
            # 202 says that it waits for a person: nothing has happened yet.
            if said.status != 202:
                self._remembered.acknowledged.append(said)
            return said.answer
        if said.status not in (403, 404, 409):
            self._remembered.unexpected.append(f"{said.method} {said.path}: {said.status}")
        self._remembered.refused += 1
        return None


async def send(
    client: httpx.AsyncClient, method: str, path: str, body: Any, key: str, token: str
) -> httpx.Response | None:
    """One request; None when nobody answered."""
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
    try:
        return await client.request(method, path, json=body, headers=headers, timeout=REQUEST_TIMEOUT_SECONDS)
    except httpx.HTTPError:
        return None


async def shop_around(stand: Stand, person: Person, chance: Chance, bought: list[str]) -> None:
    """One visit: a cart of one to three lines, an order, and mostly a payment."""
    made = await person.ask("POST", "/api/carts", {})
    if made is None:
        return
    cart = made["cart_id"]
    for variant_id in chance.sample(stand.variant_ids, chance.randint(1, 3)):
        quantity = chance.randint(1, 2)
        await person.ask("POST", f"/api/carts/{cart}/lines", {"variant_id": variant_id, "quantity": quantity})
    await person.ask("PUT", f"/api/carts/{cart}/contact", CONTACT)
    await person.ask("PUT", f"/api/carts/{cart}/shipping", {"shipping_method_id": stand.method_id})
    if chance.random() < 0.3:
        await person.ask("PUT", f"/api/carts/{cart}/coupon", {"coupon_code": COUPON})
    ordered = await person.ask("POST", f"/api/carts/{cart}/order", {})
    if ordered is None:
        return
    order = f"/api/orders/{ordered['order_id']}"
    if chance.random() < 0.9:
        card = {"method": "card", "token": f"sandbox_card_{chance.choice(CARDS)}"}
        await person.ask("POST", f"{order}/payments", card)
    if chance.random() < 0.1:
        await person.ask("POST", f"{order}/cancellation", {"reason": "no longer needed"})
    else:
        bought.append(ordered["order_id"])


async def look_after(staff: dict[str, Person], chance: Chance, bought: list[str]) -> None:
    """What staff does with an order: sends it, gives a part of it back, or cancels it."""
    if not bought:
        await asyncio.sleep(0.05)
        return
    order = f"/api/orders/{bought.pop(chance.randrange(len(bought)))}"
    if chance.random() < 0.6:
        await staff["warehouse"].ask("POST", f"{order}/shipments", {})
    if chance.random() < 0.5:
        refund = {"amount_minor": chance.choice((100, 900, 2500)), "reason": "late"}
        await staff["support"].ask("POST", f"{order}/refunds", refund)
    elif chance.random() < 0.3:
        await staff["support"].ask("POST", f"{order}/cancellation", {"reason": "no longer needed"})


async def repeat_until(stopped: asyncio.Event, visit: Callable[[], Awaitable[None]]) -> None:
    """Visits until told to stop; a visit that nobody answers is over."""
    while not stopped.is_set():
        try:
            await visit()
        except Unanswered:
            continue


def stable(answer: Any) -> Any:
    """The part of an answer that a repetition has to give again."""
    if not isinstance(answer, dict):
        return answer
    record = cast("dict[str, Any]", answer)
    if "status" in record and "payment_id" not in record and "id" in record:
        return {name: record.get(name) for name in STABLE_FIELDS}
    return record


def _body(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None
