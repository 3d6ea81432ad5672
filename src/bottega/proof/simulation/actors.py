"""Who acts in a schedule: shoppers, staff, an approver, an agent, the shop's own schedules, the provider, and time."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeAlias, cast

from bottega.actions.actor import Actor
from bottega.proof.chance import Chance, seeded
from bottega.proof.simulation.world import REPEATS_LIMIT, Answered, World
from bottega.proof.stand import CONTACT, COUPON
from bottega.shop.flows.expire import expire_due
from bottega.shop.flows.reconcile import reconcile, work_off_inbox
from bottega.shop.prices.actions import ChangePrice

AGENT = Actor("agent", "agt_prices", "back_office")
LEAPS = (timedelta(seconds=2), timedelta(minutes=1), timedelta(minutes=16), timedelta(hours=3))
CARDS = ("success", "success", "success", "fails_after_effect", "fails_before_effect", "declined")


@dataclass(slots=True)
class Shared:
    """What the actors of one schedule know of each other's doings, and what they found wrong."""

    guest_tokens: dict[str, str]
    ordered: list[str] = field(default_factory=list[str])
    approvals: list[str] = field(default_factory=list[str])
    wrong: list[str] = field(default_factory=list[str])
    most_steps: dict[str, int] = field(default_factory=dict[str, int])


ActorCode: TypeAlias = Callable[["Person"], Coroutine[Any, Any, None]]


class TimeToGo(Exception):
    """An actor has made as many requests as this schedule allows it."""


class Person:
    """One actor: chance of its own, so that nothing it does depends on who else is there."""

    def __init__(self, world: World, name: str, shared: Shared) -> None:
        self.world, self.name, self.shared = world, name, shared
        self.chance: Chance = seeded(world.seed, "actor", name)
        self._left = shared.most_steps.get(name, 1 << 30)

    async def ask(self, method: str, path: str, body: Any = None, *, token: str) -> Any:
        """The body of a success, None when refused; repeats under the same key while the process does not answer."""
        if self._left <= 0:
            raise TimeToGo
        self._left -= 1
        key = f"{self.name.replace(' ', '-')}-{self.chance.getrandbits(64):016x}"
        if self.chance.random() < 0.2:
            # A double click: both go out, and both have to hear the same.
            first, second = await asyncio.gather(
                *(self._until_answered(method, path, body, token, key) for _ in range(2))
            )
            if first.status < 300 and second.status < 300 and _lasting(first.body) != _lasting(second.body):
                self.shared.wrong.append(f"one key, two answers to {method} {path}: {first.body} and {second.body}")
            answered = first if first.status < 300 else second
        else:
            answered = await self._until_answered(method, path, body, token, key)
        if answered.status == 202:
            self.shared.approvals.append(answered.body["approval_id"])
            return None
        if answered.status >= 300:
            if answered.status not in (403, 404, 409):
                self.shared.wrong.append(f"{method} {path} was answered {answered.status}: {answered.body}")
            return None
        if not path.startswith("/api/guests"):
            self.world.acknowledged.append(key)
        return answered.body

    async def _until_answered(self, method: str, path: str, body: Any, token: str, key: str) -> Answered:
        for _ in range(REPEATS_LIMIT):
            await self.world.turnstile.point(f"asks {method} {_form(path)}")
            answered = await self.world.request(method, path, body, token, key)
            if answered is not None and answered.status < 500:
                return answered
            if answered is not None and answered.status == 500:
                self.shared.wrong.append(f"{method} {path} was answered 500: {answered.body}")
        raise AssertionError(f"{method} {path} was never answered")


async def shopper(person: Person) -> None:
    """Fills a cart, orders, pays (sometimes twice), and sometimes changes their mind."""
    chance, stand = person.chance, person.world.scene.stand
    token = person.shared.guest_tokens[person.name]
    made = await person.ask("POST", "/api/carts", {}, token=token)
    cart = f"/api/carts/{made['cart_id']}"
    for variant_id in chance.sample(stand.variant_ids[:2], chance.randint(1, 2)):
        await person.ask(
            "POST", f"{cart}/lines", {"variant_id": variant_id, "quantity": chance.randint(1, 2)}, token=token
        )
    await person.ask("PUT", f"{cart}/contact", CONTACT, token=token)
    await person.ask("PUT", f"{cart}/shipping", {"shipping_method_id": stand.method_id}, token=token)
    if chance.random() < 0.5:
        await person.ask("PUT", f"{cart}/coupon", {"coupon_code": COUPON}, token=token)
    ordered = await person.ask("POST", f"{cart}/order", {}, token=token)
    if ordered is None:
        return
    order = f"/api/orders/{ordered['order_id']}"
    person.shared.ordered.append(order)
    for _ in range(1 + (chance.random() < 0.3)):
        card = {"method": "card", "token": f"sandbox_card_{chance.choice(CARDS)}"}
        await person.ask("POST", f"{order}/payments", card, token=token)
    if chance.random() < 0.3:
        await person.ask("POST", f"{order}/cancellation", {"reason": "no longer needed"}, token=token)


async def staff(person: Person) -> None:
    """Sends orders, gives back parts of them, cancels some."""
    tokens = person.world.scene.stand.staff_tokens
    for _ in range(6):
        await person.world.turnstile.point("looks for orders")
        if not person.shared.ordered:
            continue
        order = person.chance.choice(person.shared.ordered)
        match person.chance.randrange(4):
            case 0:
                await person.ask("POST", f"{order}/shipments", {}, token=tokens["warehouse"])
            case 1:
                await person.ask(
                    "POST", f"{order}/cancellation", {"reason": "no longer needed"}, token=tokens["support"]
                )
            case _:
                amount = person.chance.choice((500, 4000, 9000, 20000))
                refund = {"amount_minor": amount, "reason": "late"}
                await person.ask("POST", f"{order}/refunds", refund, token=tokens["support"])


async def approver(person: Person) -> None:
    """Decides about what waits; grants some of it twice."""
    token = person.world.scene.stand.staff_tokens["manager"]
    for _ in range(8):
        await person.world.turnstile.point("looks for approvals")
        if not person.shared.approvals:
            continue
        approval_id = person.chance.choice(person.shared.approvals)
        shown = await person.world.request("GET", f"/api/approvals/{approval_id}", None, token, "")
        if shown is None or shown.status != 200:
            continue
        path = f"/api/approvals/{approval_id}"
        if person.chance.random() < 0.8:
            body = {"arguments_digest": shown.body["arguments_digest"]}
            await person.ask("POST", f"{path}/grant", body, token=token)
        else:
            await person.ask("POST", f"{path}/denial", {"reason": "not now"}, token=token)


async def agent(person: Person) -> None:
    """Changes prices a little, under its own keys; large changes wait for a person."""
    for number in range(3):
        variant_id = person.chance.choice(person.world.scene.stand.variant_ids[2:])
        amount = person.chance.choice((1900, 2050, 24000, 60000))
        action = ChangePrice(variant_id=variant_id, currency="EUR", amount_minor=amount)
        await person.world.until_done(action, AGENT, f"price-{number}")


async def effects(person: Person) -> None:
    """The driver of effects, looking again and again."""
    for _ in range(8):
        await person.world.turnstile.point("drives effects")
        await person.world.survived(person.world.application.effects.drive_due())


async def upkeep(person: Person) -> None:
    """Expiry, the inbox and reconciliation, as their schedules run them."""
    for _ in range(4):
        await person.world.turnstile.point("runs a schedule")
        application = person.world.application
        match person.chance.randrange(3):
            case 0:
                await person.world.survived(expire_due(application.performer))
            case 1:
                await person.world.survived(work_off_inbox(application, {}))
            case _:
                await person.world.survived(_reconciled(application))


async def _reconciled(application: Any) -> None:
    from bottega.kernel.errors import Refusal

    try:
        await reconcile(application, {})
    except Refusal:
        # The gateway is away: the next run of the schedule looks again.
        return


async def sealer(person: Person) -> None:
    """Seals blocks while others write."""
    for _ in range(10):
        await person.world.turnstile.point("seals")
        await person.world.survived(person.world.seal())


async def provider(person: Person) -> None:
    """Reports late, twice, out of order, or never."""
    for _ in range(10):
        await person.world.turnstile.point("reports")
        waiting = person.world.undelivered
        if not waiting:
            continue
        body = waiting.pop(person.chance.randrange(len(waiting)))
        match person.chance.randrange(5):
            case 0:
                continue
            case 1:
                await person.world.deliver(body)
                await person.world.deliver(body)
            case 2:
                waiting.append(body)
            case _:
                await person.world.deliver(body)


async def time(person: Person) -> None:
    """Lets time pass in leaps."""
    for _ in range(5):
        await person.world.turnstile.point("passes")
        person.world.clock.advance(person.chance.choice(LEAPS))


CAST: dict[str, ActorCode] = {
    "shopper 1": shopper,
    "shopper 2": shopper,
    "shopper 3": shopper,
    "staff": staff,
    "approver": approver,
    "agent": agent,
    "effects": effects,
    "upkeep": upkeep,
    "sealer": sealer,
    "provider": provider,
    "time": time,
}
SHOPPERS = tuple(name for name, code in CAST.items() if code is shopper)


async def as_long_as_allowed(code: ActorCode, person: Person) -> None:
    """An actor's life in a schedule, which may be cut short to find the shortest trace."""
    try:
        await code(person)
    except TimeToGo:
        return


def _form(path: str) -> str:
    """A path without its identifiers."""
    return "/".join("…" if "_" in part and part[3:4] == "_" else part for part in path.split("/"))


def _lasting(body: Any) -> Any:
    """The part of an answer that does not change while the world goes on."""
    if not isinstance(body, dict):
        return body
    record = cast("dict[str, Any]", body)
    return record.get("id") if "captured_minor" in record else record
