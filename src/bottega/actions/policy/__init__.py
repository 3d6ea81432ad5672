"""Whether an action runs, waits for a person or is refused: rules in Cedar text, checked by their own cases."""

from bottega.actions.policy.decision import ActorLike, ApprovalNeed, Decision, Effect, Facts, explain
from bottega.actions.policy.engine import PolicyBook, default_pack, load_packs
from bottega.actions.policy.rejection import PolicyPackRejected

__all__ = [
    "ActorLike",
    "ApprovalNeed",
    "Decision",
    "Effect",
    "Facts",
    "PolicyBook",
    "PolicyPackRejected",
    "default_pack",
    "explain",
    "load_packs",
]
