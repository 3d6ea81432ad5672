"""Orders as the tools show them, read for the dialogue: which is meant, what stands in it, where it is."""

from collections.abc import Mapping, Sequence
from typing import Any

from bottega.agents.assistant.dialogue.json_values import record, records, values
from bottega.agents.assistant.dialogue.state import Json, KnownOrder

Order = Mapping[str, Json]
# What has come to an end, and so is not what somebody wants to change.
_OVER = frozenset({"cancelled"})


def known(order: Order) -> KnownOrder:
    """What is remembered of an order."""
    titles = tuple(dict.fromkeys(str(line.get("title", "")) for line in lines(order)))
    return KnownOrder(
        number=str(order.get("number", "")),
        handle=str(order.get("id", "")),
        titles=titles[:10],
        country=str(order.get("country") or ""),
        method=str(order.get("shipping_method") or ""),
    )


def titles(order: Order) -> list[str]:
    """What it holds, by name; a listing carries the names alone."""
    named = [str(one) for one in values(order.get("titles"))]
    return named or [str(line.get("title", "")) for line in records(order.get("lines"))]


def reference_of(order: Order) -> str:
    """The order as a reply names it: by its handle, which the reader sees as its number."""
    return f"[{order['id']}]" if order.get("id") else str(order.get("number", ""))


def lines(order: Order) -> Sequence[Mapping[str, Any]]:
    """Its lines of which something is left."""
    return [
        line for line in records(order.get("lines")) if int(line.get("quantity", 0)) > int(line.get("cancelled", 0))
    ]


def left_to_return(line: Mapping[str, Any]) -> int:
    """Units of a line that have been sent and not come back."""
    return max(0, int(line.get("shipped", line.get("quantity", 0))) - int(line.get("returned", 0)))


def line_name(line: Mapping[str, Any]) -> str:
    """ "2 × Rain Ridge Shell Jacket (M, blue)" """
    named = record(line.get("option_values"))
    options = f" ({', '.join(str(value) for value in named.values())})" if named else ""
    quantity = int(line.get("quantity", 1))
    count = f"{quantity} × " if quantity > 1 else ""
    return f"{count}{line.get('title', '')}{options}"


def can_change(order: Order) -> bool:
    """Whether nothing of it has left and it is not over."""
    may = record(order.get("may"))
    if "amend" in may:
        return bool(may["amend"])
    return order.get("status") not in (*_OVER, "completed") and order.get("fulfilment_status") in (None, "unfulfilled")


def reasons(order: Order, kind: str, otherwise: Sequence[str]) -> tuple[str, ...]:
    """The reasons to choose from, as the order's record lists them."""
    listed = values(record(order.get("may")).get(f"{kind}_reasons"))
    return tuple(str(one) for one in listed) or tuple(otherwise)


def has_arrived(order: Order) -> bool:
    return order.get("fulfilment_status") == "delivered"


def is_over(order: Order) -> bool:
    return order.get("status") in _OVER


def is_under_way(order: Order) -> bool:
    """Whether somebody may be waiting for it."""
    return not is_over(order) and not has_arrived(order)


def is_unpaid(order: Order) -> bool:
    return order.get("payment_status") == "awaiting" and not is_over(order)


def instrument_of(order: Order) -> str | None:
    """The stored instrument that paid for it, if one did."""
    payments = records(order.get("payments"))
    return next((str(payment["instrument_id"]) for payment in payments if payment.get("instrument_id")), None)


def listed(result: Json) -> Sequence[Order]:
    """Orders out of what `list_orders` answers, whatever it wraps them in."""
    held = record(result)
    wrapped = (held[name] for name in ("orders", "items", "result") if held.get(name))
    return records(next(wrapped, result))
