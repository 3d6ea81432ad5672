"""A fixed set of short journeys, each of which is crashed at every single one of its awaits."""

from collections.abc import Callable, Coroutine
from typing import Any

from bottega.proof.simulation.actors import Person
from bottega.proof.stand import CONTACT

# A journey ends by checking what it brought about.
Journey = Callable[[Person], Coroutine[Any, Any, None]]


async def _order(person: Person, *, quantity: int = 1) -> str:
    """The path of a new order of one line."""
    token, stand = person.shared.guest_tokens[person.name], person.world.scene.stand
    made = await person.ask("POST", "/api/carts", {}, token=token)
    cart = f"/api/carts/{made['cart_id']}"
    await person.ask("POST", f"{cart}/lines", {"variant_id": stand.variant_ids[0], "quantity": quantity}, token=token)
    await person.ask("PUT", f"{cart}/contact", CONTACT, token=token)
    await person.ask("PUT", f"{cart}/shipping", {"shipping_method_id": stand.method_id}, token=token)
    ordered = await person.ask("POST", f"{cart}/order", {}, token=token)
    return f"/api/orders/{ordered['order_id']}"


async def _pay(person: Person, order: str, card: str = "success") -> None:
    token = person.shared.guest_tokens[person.name]
    await person.ask("POST", f"{order}/payments", {"method": "card", "token": f"sandbox_card_{card}"}, token=token)


async def _drive(person: Person) -> None:
    await person.world.survived(person.world.application.effects.drive_due())


async def bought(person: Person) -> None:
    """Ordered and paid."""
    await _pay(person, await _order(person))
    await _drive(person)


async def answer_lost(person: Person) -> None:
    """The provider takes the money and does not say so."""
    await _pay(person, await _order(person), "fails_after_effect")
    await _drive(person)


async def cancelled(person: Person) -> None:
    """Paid, then cancelled: the money goes back."""
    order = await _order(person)
    await _pay(person, order)
    token = person.shared.guest_tokens[person.name]
    await person.ask("POST", f"{order}/cancellation", {"reason": "no longer needed"}, token=token)
    await _drive(person)


async def sent_and_refunded(person: Person) -> None:
    """Sent by the warehouse, and partly given back by support."""
    order, tokens = await _order(person, quantity=2), person.world.scene.stand.staff_tokens
    await _pay(person, order)
    await person.ask("POST", f"{order}/shipments", {}, token=tokens["warehouse"])
    await person.ask("POST", f"{order}/refunds", {"amount_minor": 700, "reason": "late"}, token=tokens["support"])
    await _drive(person)


async def held_and_granted(person: Person) -> None:
    """A refund above support's limit waits, and a manager grants it."""
    order, tokens = await _order(person, quantity=2), person.world.scene.stand.staff_tokens
    await _pay(person, order)
    await person.ask("POST", f"{order}/refunds", {"amount_minor": 15000, "reason": "late"}, token=tokens["support"])
    for approval_id in person.shared.approvals[:1]:
        shown = None
        while shown is None:
            shown = await person.world.request("GET", f"/api/approvals/{approval_id}", None, tokens["manager"], "")
        body = {"arguments_digest": shown.body["arguments_digest"]}
        await person.ask("POST", f"/api/approvals/{approval_id}/grant", body, token=tokens["manager"])
    await _drive(person)


JOURNEYS: dict[str, Journey] = {
    "bought": bought,
    "answer lost": answer_lost,
    "cancelled": cancelled,
    "sent and refunded": sent_and_refunded,
    "held and granted": held_and_granted,
}
