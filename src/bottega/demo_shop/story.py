"""The story of `bottega demo`: one order's whole life, an approval, an undo, and the proof of it all."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from bottega.actions.log.verify import verify_log
from bottega.actions.replay import verify_replay
from bottega.bootstrap import Application, web_app
from bottega.bootstrap.background import anchor, catch_up, signing_key
from bottega.demo_shop.logins import login_of
from bottega.demo_shop.visitor import StoryBroken, Visitor
from bottega.kernel.money import format_amount
from bottega.platform.database.migrate import migrate

Tell = Callable[[str, str], None]
Step = tuple[str, Callable[[], Awaitable[str]]]

SENTENCE = "warm jacket"
MOST_MINOR = 15000
CONTACT = {
    "email": "visitor@example.com",
    "shipping_address": {
        "name": "Vera Visitor",
        "line1": "Via dei Larici 3",
        "city": "Trento",
        "postal_code": "38122",
        "country": "IT",
    },
}


@dataclass
class Story:
    """What has happened so far; each step is one method and says in one line what it did."""

    application: Application
    client: httpx.AsyncClient
    known: dict[str, Any] = field(default_factory=dict[str, Any])
    people: dict[str, Visitor] = field(default_factory=dict[str, Visitor])

    def steps(self) -> list[Step]:
        """In the order of the telling."""
        return [
            ("browse", self._browse),
            ("cart", self._fill_cart),
            ("checkout", self._check_out),
            ("pay", self._pay),
            ("ship", self._ship),
            ("return", self._bring_back),
            ("refund", self._refund),
            ("approval", self._approve),
            ("undo", self._undo),
            ("verify the log", self._verify),
            ("replay it", self._replay),
        ]

    async def _staff(self, role: str) -> Visitor:
        """The sample member of staff of a role, signed in once."""
        if role not in self.people:
            login = login_of(role)
            self.people[role] = await Visitor.signed_in(self.client, login.email, login.password, "staff")
        return self.people[role]

    async def _browse(self) -> str:
        shopper = self.people["shopper"] = await Visitor.guest(self.client)
        query = f"/api/search?q={SENTENCE.replace(' ', '+')}&maximum_minor={MOST_MINOR}&in_stock=true"
        found = (await shopper.get(query))["items"]
        if not found:
            raise StoryBroken(f"'{SENTENCE}' under {MOST_MINOR} finds nothing; is the search index built?")
        card = found[0]
        product = await shopper.get(f"/api/products/{card['handle']}")
        variant = next(
            variant
            for variant in product["variants"]
            if variant["available"] >= 2 and variant["price_minor"] <= MOST_MINOR
        )
        self.known.update(product=product, variant=variant)
        price = _euro(variant["price_minor"])
        return f"“a warm jacket under 150 euro” finds {len(found)}; the first is {card['title']}, {price}"

    async def _fill_cart(self) -> str:
        shopper = self.people["shopper"]
        cart_id = (await shopper.post("/api/carts", {"channel": "storefront"}))["cart_id"]
        await shopper.post(f"/api/carts/{cart_id}/lines", {"variant_id": self.known["variant"]["id"], "quantity": 2})
        self.known["cart_id"] = cart_id
        options = ", ".join(self.known["variant"]["option_values"].values())
        return f"two of them ({options}) in cart {cart_id}"

    async def _check_out(self) -> str:
        shopper, cart = self.people["shopper"], f"/api/carts/{self.known['cart_id']}"
        await shopper.put(f"{cart}/contact", CONTACT)
        method = (await shopper.get(f"{cart}/total"))["shipping_methods"][0]
        await shopper.put(f"{cart}/shipping", {"shipping_method_id": method["shipping_method_id"]})
        total = await shopper.get(f"{cart}/total")
        self.known["order"] = await shopper.post(f"{cart}/order", {"expected_total_minor": total["total_minor"]})
        return (
            f"order {self.known['order']['number']}: {_euro(total['net_minor'])} net + {_euro(total['tax_minor'])} tax "
            f"+ {_euro(total['shipping_minor'])} shipping − {_euro(total['discount_minor'])} discount "
            f"= {_euro(total['total_minor'])}"
        )

    async def _pay(self) -> str:
        path = f"/api/orders/{self.known['order']['order_id']}/payments"
        paid = await self.people["shopper"].post(path, {"method": "card", "token": "sandbox_card_success"})
        return f"sandbox card: {paid['status']}, {_euro(paid['captured_minor'])} in the books"

    async def _ship(self) -> str:
        warehouse = await self._staff("warehouse")
        body = {"carrier": "Corriere Alpino", "tracking_number": "CA-STORY-1"}
        sent = await warehouse.post(f"/api/orders/{self.known['order']['order_id']}/shipments", body)
        await warehouse.post(f"/api/shipments/{sent['shipment_id']}/delivery")
        return f"the warehouse sent {sent['shipment_id']} with Corriere Alpino; it arrived"

    async def _bring_back(self) -> str:
        shopper, order_id = self.people["shopper"], self.known["order"]["order_id"]
        line = (await shopper.get(f"/api/orders/{order_id}"))["lines"][0]
        body = {"lines": [{"line_id": line["id"], "quantity": 1, "reason": "wrong size"}]}
        asked = await shopper.post(f"/api/orders/{order_id}/returns", body)
        support, warehouse = await self._staff("support"), await self._staff("warehouse")
        self.known["return_id"] = asked["return_id"]
        await support.post(f"/api/returns/{asked['return_id']}/approval")
        seen = await support.get(f"/api/returns/{asked['return_id']}")
        received = [{"return_line_id": item["id"], "received": 1, "condition": "as_new"} for item in seen["lines"]]
        await warehouse.post(f"/api/returns/{asked['return_id']}/receipt", {"lines": received})
        return f"return {asked['number']}: one jacket too small, approved, received as new"

    async def _refund(self) -> str:
        done = await (await self._staff("support")).post(f"/api/returns/{self.known['return_id']}/completion", {})
        await self._drive_effects()
        order = await self.people["shopper"].get(f"/api/orders/{self.known['order']['order_id']}")
        return f"{_euro(done['refund_minor'])} goes back to the card; the order is {order['payment_status']}"

    async def _approve(self) -> str:
        """A price cut of 40 percent by a manager waits for another person: the owner sees the diff and grants it."""
        manager, owner = await self._staff("manager"), await self._staff("owner")
        variant = self.known["variant"]
        cut = variant["regular_minor"] * 6 // 10
        path = f"/api/variants/{variant['id']}/prices/EUR"
        held = await manager.put(path, {"amount_minor": cut}, expect=202)
        shown = await owner.get(f"/api/approvals/{held['approval_id']}")
        change = next(row for row in shown["diff"] if row["table_name"] == "shop.prices")
        body = {"arguments_digest": shown["arguments_digest"]}
        granted = await owner.post(f"/api/approvals/{held['approval_id']}/grant", body)
        await owner.post(f"/api/approvals/{held['approval_id']}/grant", body, expect=409)
        self.known["entry_id"] = granted["entry_id"]
        before, after = change["before"]["amount_minor"], change["after"]["amount_minor"]
        cut_shown = f"{_euro(before)} → {_euro(after)}"
        return f"a price cut {cut_shown} was held by {held['rule_ids'][0]}, granted once, refused the second time"

    async def _undo(self) -> str:
        owner, variant = await self._staff("owner"), self.known["variant"]
        await owner.post(f"/api/log/{self.known['entry_id']}/undo")
        product = await owner.get(f"/api/products/{self.known['product']['handle']}")
        now = next(each for each in product["variants"] if each["id"] == variant["id"])
        if now["regular_minor"] != variant["regular_minor"]:
            raise StoryBroken(f"the undone price is {now['regular_minor']}, not {variant['regular_minor']}")
        return f"the cut is undone: {_euro(now['regular_minor'])} again"

    async def _verify(self) -> str:
        await catch_up(self.application)
        keys = signing_key(self.application).public_keys
        head = anchor(self.application).read()
        report = await verify_log(self.application.database, keys, anchor=head)
        if report.findings:
            raise StoryBroken(f"the log does not verify: {report.findings[0].message}")
        return f"{report.entries:,} entries in a signed chain, all intact"

    async def _replay(self) -> str:
        report = await verify_replay(self.application.database.dsn, prepare=migrate)
        if report.difference is not None:
            raise StoryBroken(f"the replay differs: {report.difference}")
        return (
            f"{report.entries:,} actions replayed at {report.actions_per_second:,.0f} a second: every table identical"
        )

    async def _drive_effects(self) -> None:
        while await self.application.effects.drive_due():
            pass


def _euro(amount_minor: int) -> str:
    return f"{format_amount(amount_minor, 'EUR')} €"


async def tell_story(application: Application, tell: Tell) -> None:
    """Plays every step through the API and tells each result; raises `StoryBroken` when one goes otherwise."""
    await catch_up(application)
    transport = httpx.ASGITransport(app=web_app(application))
    async with httpx.AsyncClient(transport=transport, base_url=application.settings.public_url) as client:
        story = Story(application, client)
        for name, step in story.steps():
            tell(name, await step())
