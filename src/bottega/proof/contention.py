"""Contention: many people want the one last thing at the same moment."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx

from bottega.actions.action import Action
from bottega.actions.actor import Actor
from bottega.actions.approvals import GrantApproval
from bottega.bootstrap import Application, derived_secret, open_application, web_app
from bottega.entrance import tokens
from bottega.kernel.identifiers import new_id
from bottega.platform.database.pool import Row
from bottega.proof.kill.shop_processes import temporary_directory
from bottega.proof.quiet import ClockAhead, come_to_rest, what_is_broken
from bottega.proof.report import Report, Violation
from bottega.proof.simulation.world import scene_settings
from bottega.proof.stand import CONTACT, COUPON, DAY_LIMIT_MINOR, OWNER, PRICES_MINOR, Stand, set_up
from bottega.shop.payments.codes import digest_of_code
from bottega.shop.payments.gift_cards import IssueGiftCard
from bottega.shop.stock.actions import AdjustStock

COUPON_USES = 3
UNITS_LEFT = 5
PLENTY = 100_000
GIFT_CARD_MINOR = 20_000
GIFT_CARD_CODE = "PROOF-PROOF-PROOF"
REFUND_MINOR = 9_000


@dataclass(slots=True)
class Crowd:
    """Many guests at the API of one process."""

    application: Application
    stand: Stand
    client: httpx.AsyncClient
    size: int

    async def ask(self, method: str, path: str, body: Any, token: str, key: str = "") -> httpx.Response:
        """One request."""
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key or new_id("req")}
        return await self.client.request(method, path, json=body, headers=headers)

    def guest(self) -> str:
        """The token of somebody new."""
        return tokens.guest_token(derived_secret(self.application.settings, "tokens"))[1]

    async def filled_cart(self, token: str, variant: int, coupon: str = "") -> str:
        """The path of a cart with one unit that lacks nothing but its order."""
        cart = f"/api/carts/{(await self.ask('POST', '/api/carts', {}, token)).json()['cart_id']}"
        line = {"variant_id": self.stand.variant_ids[variant], "quantity": 1}
        await self.ask("POST", f"{cart}/lines", line, token)
        await self.ask("PUT", f"{cart}/contact", CONTACT, token)
        await self.ask("PUT", f"{cart}/shipping", {"shipping_method_id": self.stand.method_id}, token)
        if coupon:
            await self.ask("PUT", f"{cart}/coupon", {"coupon_code": coupon}, token)
        return cart

    async def ordered(self, token: str, variant: int) -> str:
        """The path of an order of one unit."""
        cart = await self.filled_cart(token, variant)
        answer = await self.ask("POST", f"{cart}/order", {}, token)
        return f"/api/orders/{answer.json()['order_id']}"

    async def paid(self, token: str, variant: int) -> str:
        """The path of an order that is paid."""
        order = await self.ordered(token, variant)
        await self.ask("POST", f"{order}/payments", {"method": "card", "token": "sandbox_card_success"}, token)
        return order

    async def done(self, action: Action, by: Actor = OWNER) -> dict[str, Any]:
        """The result of an action that has to succeed."""
        return (await self.application.performer.perform(action, by=by)).unwrap()

    async def one(self, statement: str, *arguments: Any) -> Row:
        """One row, straight from the database."""
        async with self.application.database.read() as connection:
            row = await connection.fetchrow(statement, *arguments)
        assert row is not None, "these statements count"
        return row


Contest = Callable[[Crowd], Awaitable[list[str]]]


async def last_units(crowd: Crowd) -> list[str]:
    """Everybody wants one of the last units: as many orders as units, and a clear no for the others."""
    variant = crowd.stand.variant_ids[0]
    level = await crowd.one("SELECT on_hand, reserved FROM shop.stock_levels WHERE variant_id = $1", variant)
    change = UNITS_LEFT - level["on_hand"] + level["reserved"]
    adjust = AdjustStock(variant_id=variant, location_id=crowd.stand.location_id, change=change, reason="counted")
    await crowd.done(adjust)
    guests = [crowd.guest() for _ in range(crowd.size)]
    carts = [await crowd.filled_cart(token, 0) for token in guests]
    answers = await asyncio.gather(
        *(crowd.ask("POST", f"{cart}/order", {}, token) for cart, token in zip(carts, guests, strict=True))
    )
    told = _counted(answers)
    expected = {"201": min(UNITS_LEFT, crowd.size), "409 out_of_stock": max(0, crowd.size - UNITS_LEFT)}
    return [] if told == {name: times for name, times in expected.items() if times} else [f"last units: {told}"]


async def same_coupon(crowd: Crowd) -> list[str]:
    """A coupon for three: three orders have it, the others are told that it is used up."""
    guests = [crowd.guest() for _ in range(crowd.size)]
    carts = [await crowd.filled_cart(token, 1, COUPON) for token in guests]
    answers = await asyncio.gather(
        *(crowd.ask("POST", f"{cart}/order", {}, token) for cart, token in zip(carts, guests, strict=True))
    )
    row = await crowd.one(
        "SELECT used_total, (SELECT count(*) FROM shop.promotion_uses u WHERE u.promotion_id = p.id) AS uses "
        "FROM shop.promotions p WHERE id = $1",
        crowd.stand.promotion_id,
    )
    with_coupon = sum(answer.status_code == 201 and answer.json().get("discount_minor", 0) > 0 for answer in answers)
    wrong = (row["used_total"], row["uses"]) != (COUPON_USES, COUPON_USES)
    return [f"coupon: used {dict(row)}, {with_coupon} orders, {_counted(answers)}"] if wrong else []


async def same_approval(crowd: Crowd) -> list[str]:
    """Many managers grant the same refund: it happens once."""
    order = await crowd.paid(crowd.guest(), 3)
    refund = {"amount_minor": 15_000, "reason": "late"}
    held = await crowd.ask("POST", f"{order}/refunds", refund, crowd.stand.staff_tokens["support"])
    approval_id = held.json()["approval_id"]
    row = await crowd.one("SELECT arguments_digest FROM log.approvals WHERE id = $1", approval_id)
    grant = GrantApproval(approval_id=approval_id, arguments_digest=row["arguments_digest"])
    managers = [Actor("staff", new_id("stf"), "manager") for _ in range(crowd.size)]
    await asyncio.gather(
        *(crowd.application.performer.perform(grant, by=manager) for manager in managers), return_exceptions=True
    )
    done = await crowd.one(
        "SELECT (SELECT count(*) FROM shop.refunds WHERE order_id = $2) AS refunds, "
        "(SELECT count(*) FROM log.entries WHERE approval_id = $1) AS entries, "
        "(SELECT count(*) FROM log.entries WHERE action = 'GrantApproval' "
        "AND convert_from(arguments, 'UTF8')::jsonb ->> 'approval_id' = $1) AS grants",
        approval_id,
        order.rpartition("/")[2],
    )
    return [] if tuple(done) == (1, 1, 1) else [f"approval: {dict(done)}"]


async def same_gift_card(crowd: Crowd) -> list[str]:
    """Everybody pays with one gift card: it gives what is on it and no more."""
    digest = digest_of_code(crowd.application.performer.lookup_key, GIFT_CARD_CODE)
    card = await crowd.done(
        IssueGiftCard(amount_minor=GIFT_CARD_MINOR, currency="EUR", code_digest=digest, reason="proof")
    )
    guests = [crowd.guest() for _ in range(crowd.size)]
    orders = [await crowd.ordered(token, 2) for token in guests]
    body = {"method": "gift_card", "gift_card_code": GIFT_CARD_CODE}
    answers = await asyncio.gather(
        *(crowd.ask("POST", f"{order}/payments", body, token) for order, token in zip(orders, guests, strict=True))
    )
    row = await crowd.one(
        "SELECT g.balance_minor AS balance, coalesce(sum(p.captured_minor), 0)::bigint AS paid FROM shop.gift_cards g "
        "LEFT JOIN shop.payments p ON p.gift_card_id = g.id WHERE g.id = $1 GROUP BY g.id",
        card["gift_card_id"],
    )
    enough = crowd.size * PRICES_MINOR[2] >= GIFT_CARD_MINOR
    right = row["balance"] >= 0 and row["balance"] + row["paid"] == GIFT_CARD_MINOR and (row["balance"] == 0) >= enough
    return [] if right else [f"gift card: {dict(row)}, {_counted(answers)}"]


async def limit_of_a_day(crowd: Crowd) -> list[str]:
    """One colleague refunds many orders at once: what goes without approval stays within the day's limit."""
    orders = [await crowd.paid(crowd.guest(), 1 if number % 2 else 3) for number in range(crowd.size)]
    support = crowd.stand.staff_tokens["support"]
    amount = min(REFUND_MINOR, PRICES_MINOR[1])
    answers = await asyncio.gather(
        *(
            crowd.ask("POST", f"{order}/refunds", {"amount_minor": amount, "reason": "late"}, support)
            for order in orders
        )
    )
    given = sum(answer.status_code == 201 for answer in answers)
    expected = min(crowd.size, DAY_LIMIT_MINOR // amount)
    return [] if given == expected else [f"day's limit: {given} refunds of {amount} went alone; {_counted(answers)}"]


async def same_key(crowd: Crowd) -> list[str]:
    """One request many times at once: one order, one answer."""
    token = crowd.guest()
    cart, key = await crowd.filled_cart(token, 1), new_id("req")
    answers = await asyncio.gather(*(crowd.ask("POST", f"{cart}/order", {}, token, key) for _ in range(crowd.size)))
    bodies = {answer.text for answer in answers}
    row = await crowd.one("SELECT count(*) AS entries FROM log.entries WHERE idempotency_key = $1", key)
    right = len(bodies) == 1 and row["entries"] == 1 and {answer.status_code for answer in answers} == {201}
    return [] if right else [f"same key: {len(bodies)} answers, {row['entries']} entries, {_counted(answers)}"]


# The day's limit comes first: an approved refund counts towards nobody's day but its requester's.
CONTESTS: dict[str, Contest] = {
    "limit of a day": limit_of_a_day,
    "same coupon": same_coupon,
    "last units": last_units,
    "same approval": same_approval,
    "same gift card": same_gift_card,
    "same key": same_key,
}


async def run_contests(size: int, *, contests: dict[str, Contest] | None = None) -> Report:
    """Every contest with so many people, over a shop of its own; then the invariants."""
    report, began = Report("contention", 0), time.monotonic()
    with temporary_directory("contention") as directory:
        settings = scene_settings("", directory).model_copy(update={"database_url": None})
        clock = ClockAhead()
        async with open_application(settings, clock=clock) as application:
            stand = await set_up(application, units=PLENTY, coupon_uses=COUPON_USES)
            transport = httpx.ASGITransport(app=web_app(application), raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://shop.proof", timeout=60) as client:
                crowd = Crowd(application, stand, client, size)
                report.violations = await contend(crowd, report, contests or CONTESTS)
            await come_to_rest(application, clock)
            report.violations += await what_is_broken(application, f"bottega prove contention --people {size}")
    report.seconds = time.monotonic() - began
    return report


async def contend(crowd: Crowd, report: Report, contests: dict[str, Contest]) -> list[Violation]:
    """What the contests found, one after the other."""
    found: list[Violation] = []
    for name, contest in contests.items():
        found += [
            Violation(name, seen, f"bottega prove contention --people {crowd.size}") for seen in await contest(crowd)
        ]
        report.count("contests")
        report.count("people", crowd.size)
    return found


def _counted(answers: list[httpx.Response]) -> dict[str, int]:
    """How often each status was answered, with the refusal's code."""
    told: dict[str, int] = {}
    for answer in answers:
        code = "" if answer.is_success else f" {answer.json().get('code')}"
        name = f"{answer.status_code}{code}"
        told[name] = told.get(name, 0) + 1
    return told
