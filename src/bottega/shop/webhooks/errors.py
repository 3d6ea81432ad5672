"""The named refusals of webhooks."""

from bottega.kernel.errors import Conflict, Invalid, NotFound


def no_such_endpoint(endpoint_id: str) -> NotFound:
    return NotFound(
        "no_such_webhook_endpoint", f"There is no webhook endpoint {endpoint_id}.", next_step="List the endpoints."
    )


def no_such_delivery(delivery_id: str) -> NotFound:
    return NotFound("no_such_delivery", f"There is no delivery {delivery_id}.", next_step="List the deliveries.")


def unknown_topics(topics: list[str]) -> Invalid:
    return Invalid(
        "unknown_topics",
        f"No action is named {', '.join(topics)}.",
        next_step="Use names of actions (docs/actions.md), or * for all of them.",
        topics=topics,
    )


def too_many_endpoints(limit: int) -> Conflict:
    return Conflict(
        "too_many_webhook_endpoints", f"A shop has at most {limit} endpoints.", next_step="Remove one that is unused."
    )


def still_waiting(delivery_id: str) -> Conflict:
    return Conflict(
        "delivery_still_waiting",
        f"Delivery {delivery_id} is on its way already.",
        next_step="Replay deliveries that are delivered or dead.",
    )
