"""Facts and actors in the form Cedar reads, with a limit on everything in them."""

import re
from collections.abc import Collection
from functools import lru_cache
from typing import Any

import cedarpy

from bottega.actions.policy.decision import ActorLike, ApprovalNeed, Facts, FactValue
from bottega.kernel import canonical_json
from bottega.kernel.errors import Invalid

INTEGER_MIN = -(2**63)
INTEGER_MAX = 2**63 - 1
FACTS_MAX = 64
TEXT_MAX_CHARACTERS = 2_000
LIST_MAX_ITEMS = 500
SCOPES_MAX = 64
_FACT_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")

# Set by the engine, never by a caller's facts: otherwise a fact could pass itself off as an approval.
ENGINE_FACTS = frozenset({"approved", "action_groups"})
APPROVER_FACTS = frozenset({"approver_role", "approvers", "approver_is_requester"})


def context_of(facts: Facts, groups: Collection[str], *, approved: bool) -> dict[str, Any]:
    """The Cedar context: the facts, the action's groups, and whether and by whom it was approved.

    Raises `Invalid` for a name or value Cedar cannot hold, and for facts about an approver without an approval.
    """
    if len(facts) > FACTS_MAX:
        raise _wrong_fact("facts", f"{len(facts)} facts are more than {FACTS_MAX}")
    context: dict[str, Any] = {name: _checked(name, value) for name, value in facts.items()}
    if not approved and (early := sorted(APPROVER_FACTS.intersection(context))):
        raise _wrong_fact(early[0], "facts about an approver need approved=True")
    context.setdefault("approver_role", "")
    context.setdefault("approvers", 1 if approved else 0)
    context.setdefault("approver_is_requester", False)
    context["approved"] = approved
    context["action_groups"] = sorted(groups)
    return context


def approved_context(context: dict[str, Any], need: ApprovalNeed) -> dict[str, Any]:
    """The same context as it would be once `need` is met."""
    return {
        **context,
        "approved": True,
        "approver_role": need.approver_role,
        "approvers": need.approvers,
        "approver_is_requester": False,
    }


def entities_of(action_entity: str, actor: ActorLike) -> cedarpy.Entities:
    """The action with its groups and the actor with its attributes, parsed; kept for the actors seen last."""
    return _entities(action_entity, actor.kind, actor.id, actor.role, frozenset(actor.scopes), actor.on_behalf_of)


@lru_cache(maxsize=4_096)
def _entities(
    action_entity: str, kind: str, actor_id: str, role: str, scopes: frozenset[str], on_behalf_of: str | None
) -> cedarpy.Entities:
    if len(scopes) > SCOPES_MAX:
        raise _wrong_fact("scopes", f"{len(scopes)} scopes are more than {SCOPES_MAX}")
    attributes: dict[str, Any] = {
        "kind": _text("kind", kind),
        "role": _text("role", role),
        "scopes": sorted(_text("scopes", scope) for scope in scopes),
    }
    if on_behalf_of is not None:
        attributes["on_behalf_of"] = _text("on_behalf_of", on_behalf_of)
    principal = canonical_json.dumps(
        {"uid": {"type": "Actor", "id": _text("id", actor_id)}, "attrs": attributes, "parents": []}
    ).decode()
    # cedarpy annotates its optional schema with a bare dict.
    return cedarpy.Entities.from_json_str(f"[{action_entity},{principal}]")  # pyright: ignore[reportUnknownMemberType]


def _checked(name: str, value: FactValue) -> bool | int | str | list[str]:
    if not _FACT_NAME.fullmatch(name):
        raise _wrong_fact(name, "a name is lower case letters, digits and underscores")
    if name in ENGINE_FACTS:
        raise _wrong_fact(name, "this name belongs to the policy engine")
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        if not INTEGER_MIN <= value <= INTEGER_MAX:
            raise _wrong_fact(name, "the number does not fit in 64 bits")
        return value
    if isinstance(value, str):
        return _text(name, value)
    if not isinstance(value, (list, tuple, set, frozenset)):
        raise _wrong_fact(
            name, f"a fact is true, false, a whole number, text or a list of text, not {type(value).__name__}"
        )
    if len(value) > LIST_MAX_ITEMS:
        raise _wrong_fact(name, f"{len(value)} items are more than {LIST_MAX_ITEMS}")
    return [_text(name, item) for item in value]


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise _wrong_fact(name, f"expected text, not {type(value).__name__}")
    if len(value) > TEXT_MAX_CHARACTERS:
        raise _wrong_fact(name, f"the text is longer than {TEXT_MAX_CHARACTERS} characters")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise _wrong_fact(name, "the text is not valid Unicode")
    return value


def _wrong_fact(name: str, problem: str) -> Invalid:
    return Invalid(
        "policy_fact_invalid", f"Fact {name} cannot be judged: {problem}.", next_step="Correct the request.", fact=name
    )
