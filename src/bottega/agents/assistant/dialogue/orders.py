"""Orders as the tools show them, read for the dialogue: which is meant, what stands in it, where it is."""

from collections.abc import Mapping, Sequence
from typing import Any

from bottega.agents.assistant.dialogue.state import Json, KnownOrder

Order = Mapping[str, Json]
# What has come to an end, and so is not what somebody wants to change.
_OVER = frozenset({"cancelled"})


def known(order: Order) -> KnownOrder:
    """What is remembered of an order."""
    titles = tuple(dict.fromkeys(str(line.get("title", "")) for line in lines(order)))
    return KnownOrder(number=str(order.get("number", "")), handle=str(order.get("id", "")), titles=titles[:10])


def lines(order: Order) -> Sequence[Mapping[str, Any]]:
    """Its lines of which something is left."""
    return [line for line in order.get("lines", ()) if int(line.get("quantity", 0)) > int(line.get("cancelled", 0))]


def left_to_return(line: Mapping[str, Any]) -> int:
    """Units of a line that have been sent and not come back."""
    return max(0, int(line.get("shipped", line.get("quantity", 0))) - int(line.get("returned", 0)))


def line_name(line: Mapping[str, Any]) -> str:
    """ "2 × Rain Ridge Shell Jacket (M, blue)" """
    values: Any = line.get("option_values") or {}
    options = f" ({', '.join(str(value) for value in values.values())})" if values else ""
    quantity = int(line.get("quantity", 1))
    count = f"{quantity} × " if quantity > 1 else ""
    return f"{count}{line.get('title', '')}{options}"


def can_change(order: Order) -> bool:
    """Whether nothing of it has left and it is not over."""
    return order.get("status") not in (*_OVER, "completed") and order.get("fulfilment_status") in (None, "unfulfilled")


def has_arrived(order: Order) -> bool:
    return order.get("fulfilment_status") == "delivered"


def is_over(order: Order) -> bool:
    return order.get("status") in _OVER


def is_unpaid(order: Order) -> bool:
    return order.get("payment_status") == "awaiting" and not is_over(order)


def listed(result: Json) -> Sequence[Order]:
    """Orders out of what `list_orders` answers, whatever it wraps them in."""
    content: Any = result
    if isinstance(content, dict):
        content = content.get("orders") or content.get("items") or content.get("result") or []
    return [order for order in content if isinstance(order, dict)] if isinstance(content, list) else []
