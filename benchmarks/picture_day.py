"""A day at work in the demo shop, so that no page of the console is empty: its story, questions, returns and doubts."""

from collections.abc import Mapping
from typing import Any

import httpx

from benchmarks.picture_stage import Stage
from bottega.actions.action import Action
from bottega.actions.actor import Actor
from bottega.actions.outcome import Held
from bottega.bootstrap import web_app
from bottega.bootstrap.background import catch_up
from bottega.demo_shop.story import Story
from bottega.demo_shop.visitor import Visitor
from bottega.kernel.identifiers import new_id
from bottega.shop.flows.return_handling import ApproveReturn
from bottega.shop.flows.return_order import RequestReturn, ReturnedLine
from bottega.shop.flows.ship_order import ShipOrder
from bottega.shop.prices.actions import ChangePrice
from bottega.shop.reviews.actions import WriteReview
from bottega.shop.support.actions import OpenTicket

PRICING = Actor("agent", "agent_pricing", "pricing")
LABELS = {"/variant_id": "shop", "/amount_minor": "third_party"}
# Proving the log a second time shows nothing on a page.
UNSEEN_STEPS = ("replay it",)
QUESTIONS = (
    "Do you have a warm jacket under 150 euro?",
    "How do I return something?",
    "I want to talk to a person",
)
_STAFF = "SELECT role, id FROM shop.staff WHERE active ORDER BY id"
_VARIANTS = """
SELECT v.id, r.amount_minor FROM shop.variants v JOIN shop.products p ON p.id = v.product_id
JOIN shop.prices r ON r.variant_id = v.id AND r.currency = 'EUR'
WHERE p.handle = ANY ($1::text[]) ORDER BY array_position($1::text[], p.handle), v.position, v.id"""
_ARRIVED = """
SELECT o.id, o.customer_id, l.id AS line_id, l.product_id
FROM shop.orders o JOIN shop.order_lines l ON l.order_id = o.id JOIN shop.shipments s ON s.order_id = o.id
WHERE s.state = 'delivered' AND s.delivered_at > $1::timestamptz - interval '10 days'
ORDER BY o.id DESC, l.id LIMIT 40"""
_WAITING = """
SELECT id FROM shop.orders WHERE payment_status = 'paid' AND fulfilment_status = 'unfulfilled' AND status <> 'cancelled'
ORDER BY id LIMIT 1"""


class Day:
    """What everybody does before the owner looks at the console."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._staff: Mapping[str, Actor] = {}

    async def happen(self) -> None:
        """All of it, in order."""
        rows = await self._rows(_STAFF)
        self._staff = {row["role"]: Actor("staff", row["id"], row["role"]) for row in rows}
        transport = httpx.ASGITransport(app=web_app(self._stage.application))
        address = self._stage.application.settings.public_url
        async with httpx.AsyncClient(transport=transport, base_url=address) as client:
            for name, step in Story(self._stage.application, client).steps():
                if name not in UNSEEN_STEPS:
                    await step()
            await self._talk(client)
        await self._send_back()
        await self._ask()
        await self._doubt()
        (order,) = await self._rows(_WAITING)
        await self._done(ShipOrder(order_id=order["id"], carrier="Corriere Alpino", tracking_number="CA-4412-7"))
        await catch_up(self._stage.application)

    async def _talk(self, client: httpx.AsyncClient) -> None:
        """Two guests: one finds what they look for, the other wants a person."""
        for questions in (QUESTIONS[:2], QUESTIONS[2:]):
            guest = await Visitor.guest(client)
            session = new_id("ses")
            for text in questions:
                await guest.post(f"/api/chat/{session}/messages", {"text": text}, expect=200)

    async def _send_back(self) -> None:
        """Two parcels that arrived lately: one return waits to be allowed, one for its goods."""
        arrived = await self._rows(_ARRIVED, self._stage.application.clock.now())
        firsts = list({row["id"]: row for row in reversed(arrived)}.values())[-2:]
        for row, reason in zip(firsts, ("wrong size", "damaged"), strict=True):
            line = ReturnedLine(line_id=row["line_id"], quantity=1, reason=reason)
            by = Actor("customer", row["customer_id"], "customer")
            asked = await self._done(RequestReturn(order_id=row["id"], lines=(line,), reason=reason), by)
            if row is firsts[0]:
                await self._done(ApproveReturn(return_id=asked["return_id"]), self._staff["support"])
        writer = Actor("customer", firsts[-1]["customer_id"], "customer")
        review = WriteReview(
            product_id=firsts[-1]["product_id"],
            rating=4,
            title="Light, and dry inside",
            text="Two weeks in the rain and nothing came through. The zip is stiff when it is cold.",
            author="A customer",
        )
        await self._done(review, writer)

    async def _ask(self) -> None:
        """Two customers write."""
        arrived = await self._rows(_ARRIVED, self._stage.application.clock.now())
        first = OpenTicket(
            subject="The zip of my jacket is stiff",
            text="It opens only when it is warm. Can I have it repaired?",
            customer_id=arrived[0]["customer_id"],
            order_id=arrived[0]["id"],
        )
        second = OpenTicket(
            subject="Invoice with our company's name",
            text="We need the invoice with our company's name and VAT number, please.",
            customer_id=arrived[-1]["customer_id"],
        )
        for ticket in (first, second):
            await self._done(ticket, Actor("customer", str(ticket.customer_id), "customer"))

    async def _doubt(self) -> None:
        """Price cuts that wait for a second person: an agent's and a manager's."""
        handles = ["fell-warden-down-jacket", "ridge-runner-folding-poles"]
        variants = await self._rows(_VARIANTS, handles)
        first, last = variants[0], variants[-1]
        evidence = [{"tool": "change_price", "labels": LABELS}]
        await self._held(first, first["amount_minor"] // 2, PRICING, evidence)
        await self._held(last, last["amount_minor"] * 6 // 10, self._staff["manager"], [])

    async def _held(self, variant: Mapping[str, Any], amount: int, by: Actor, evidence: list[dict[str, Any]]) -> None:
        cut = ChangePrice(variant_id=variant["id"], currency="EUR", amount_minor=amount)
        performer = self._stage.application.performer
        outcome = await performer.perform(cut, by=by, key=new_id("req"), evidence=evidence)
        assert isinstance(outcome, Held), "a price that is cut so far waits for a person"

    async def _done(self, action: Action, by: Actor | None = None) -> dict[str, Any]:
        by = by or self._staff["owner"]
        return (await self._stage.application.performer.perform(action, by=by, key=new_id("req"))).unwrap()

    async def _rows(self, statement: str, *arguments: Any) -> list[dict[str, Any]]:
        async with self._stage.application.database.read() as connection:
            return [dict(row) for row in await connection.fetch(statement, *arguments)]
