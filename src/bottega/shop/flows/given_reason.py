"""Reasons that shoppers give: chosen from a list, because free text would carry personal things into the log."""

from collections.abc import Sequence

from bottega.actions.actor import Actor
from bottega.kernel.errors import Invalid


def check_reason(actor: Actor, reason: str, known: Sequence[str]) -> None:
    """Refuses a shopper's reason that is not on the list, without repeating it; staff write their own words."""
    if actor.customer_id is None or not reason or reason in known:
        return
    raise Invalid(
        "unknown_reason",
        "This is not one of the reasons to choose from.",
        next_step=f"Choose one of: {', '.join(known)}. Tell the rest in a ticket.",
        reasons=list(known),
    )
