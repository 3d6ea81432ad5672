"""The sandbox's test instruments: which token behaves how, always the same way."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from bottega.ports.payment_gateway import InstrumentReference

Operation = Literal["authorise", "capture", "void", "refund"]
Answer = Literal["approve", "decline", "challenge"]
# Before the effect or after it the answer is lost once, or the service is away for the first two attempts.
Fault = Literal["lost_before_effect", "lost_after_effect", "unavailable_twice"]

PREFIX = "sandbox_card_"


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What happens to a payment with this instrument."""

    answer: Answer = "approve"
    decline_code: str | None = None
    slow: bool = False
    faults: Mapping[Operation, Fault] = field(default_factory=lambda: MappingProxyType({}))
    refusals: Mapping[Operation, str] = field(default_factory=lambda: MappingProxyType({}))
    refund_pends: bool = False


BEHAVIOURS: Mapping[str, Behaviour] = MappingProxyType(
    {
        "success": Behaviour(),
        "declined": Behaviour("decline", "card_declined"),
        "insufficient_funds": Behaviour("decline", "insufficient_funds"),
        "expired": Behaviour("decline", "expired_card"),
        "3d_secure": Behaviour("challenge"),
        "slow": Behaviour(slow=True),
        "fails_after_effect": Behaviour(faults={"authorise": "lost_after_effect"}),
        "fails_before_effect": Behaviour(faults={"authorise": "lost_before_effect"}),
        "unavailable_twice": Behaviour(faults={"authorise": "unavailable_twice"}),
        "capture_fails_after_effect": Behaviour(faults={"capture": "lost_after_effect"}),
        "capture_fails_before_effect": Behaviour(faults={"capture": "lost_before_effect"}),
        "capture_refused": Behaviour(refusals={"capture": "authorisation_expired"}),
        "refund_fails_after_effect": Behaviour(faults={"refund": "lost_after_effect"}),
        "refund_fails_before_effect": Behaviour(faults={"refund": "lost_before_effect"}),
        "refund_unavailable_twice": Behaviour(faults={"refund": "unavailable_twice"}),
        "refund_refused": Behaviour(refusals={"refund": "account_closed"}),
        "refund_pending": Behaviour(refund_pends=True),
    }
)
_UNKNOWN_TOKEN = Behaviour("decline", "invalid_instrument")
_NO_INSTRUMENT_YET = Behaviour("challenge")


def sandbox_instrument(name: str, label: str = "") -> InstrumentReference:
    """The instrument that behaves as `name`; a label tells apart several cards of the same behaviour."""
    if name not in BEHAVIOURS:
        raise KeyError(f"no sandbox instrument is named '{name}'; there are {', '.join(BEHAVIOURS)}")
    return InstrumentReference(f"{PREFIX}{name}:{label}" if label else f"{PREFIX}{name}")


def behaviour_of(token: str | None) -> Behaviour:
    """The behaviour of a token such as `sandbox_card_success` or `sandbox_card_success:visa-4242`."""
    if token is None:
        return _NO_INSTRUMENT_YET
    name = token.split(":", 1)[0]
    if not name.startswith(PREFIX):
        return _UNKNOWN_TOKEN
    return BEHAVIOURS.get(name.removeprefix(PREFIX), _UNKNOWN_TOKEN)
