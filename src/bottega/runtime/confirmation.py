"""What a customer is asked to say yes to: exactly these arguments, once, before it expires."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bottega.kernel import canonical_json
from bottega.runtime.evidence import Json

ConfirmationState = Literal["pending", "used", "declined", "expired", "superseded", "refused"]


@dataclass(frozen=True, slots=True)
class ConfirmationRequest:
    """One stored request. `digest` binds action, arguments, session and customer; `token` is what the button carries.

    `arguments` are the tool's resolved arguments; `summary` is made from records, never from a model's text.
    """

    id: str
    session_id: str
    run_id: str
    turn: int
    tool: str
    action: str
    arguments: Mapping[str, Json]
    digest: str
    summary: str
    expires_at: datetime
    state: ConfirmationState = "pending"
    token: str = ""


def digest_of(action: str, action_arguments: Mapping[str, Json], *, session_id: str, customer_id: str | None) -> str:
    """What a yes binds: SHA-256 over the action's name, its whole arguments, the session and the customer."""
    return canonical_json.digest([action, action_arguments, session_id, customer_id])
