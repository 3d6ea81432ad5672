"""An approval as a colleague reads it: arguments with where they came from, rules in words, and what it takes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bottega.actions.actor import Actor
from bottega.actions.policy.engine import PolicyBook
from bottega.actions.registry import ATTESTED_FACTS
from bottega.kernel.errors import Refusal
from bottega.web.console.shown import value_text

# Facts that say that nothing is out of the ordinary are not worth a line.
_UNREMARKABLE: Mapping[str, Any] = {"agents_stopped": False, "third_party_argument": False, "needs_person": False}


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument with its trust label; `label` is empty where nobody recorded one."""

    name: str
    text: str
    label: str
    is_personal: bool


@dataclass(frozen=True, slots=True)
class Reason:
    """A rule that held the action."""

    rule_id: str
    description: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where the request came from: the tool that asked, in which run."""

    tool: str
    run_id: str


def arguments_of(approval: Mapping[str, Any]) -> list[Argument]:
    """Every argument as it is resolved, personal values included, with the worst label of what it is made of."""
    labels = labels_of(approval["evidence"])
    arguments: dict[str, Any] = approval["arguments"]
    found: list[Argument] = []
    for name, value in arguments.items():
        shown = value
        if is_personal(value):
            revealed = personal_value(value)
            shown = "forgotten" if revealed is None else revealed
        text = value_text(shown, name, arguments)
        found.append(Argument(name, text, labels.get(name, ""), is_personal(value)))
    return found


def ids_of(approval: Mapping[str, Any]) -> list[str]:
    """The arguments that name something else, by their identifiers."""
    return [value for value in approval["arguments"].values() if isinstance(value, str)]


def about(approval: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """What it is about, in a line of a list: what its arguments name, and the first amount among them."""
    named = [names[value] for value in ids_of(approval) if value in names]
    arguments: dict[str, Any] = approval["arguments"]
    amounts = [name for name, value in arguments.items() if name.endswith("_minor") and isinstance(value, int)]
    told = [value_text(arguments[name], name, arguments) for name in amounts[:1] if "currency" in arguments]
    return " · ".join([*dict.fromkeys(named), *told])


def is_personal(value: Any) -> bool:
    """Whether an argument is kept in the vault: the record holds its kind and a reference."""
    return isinstance(value, dict) and "personal" in value


def personal_value(value: Mapping[str, Any]) -> Any:
    """What the vault holds of such an argument; None when it was forgotten."""
    return value.get("value")


def labels_of(evidence: list[dict[str, Any]]) -> dict[str, str]:
    """The worst trust label of each top-level argument: `third_party` before `principal` before `shop`."""
    order = {"shop": 0, "principal": 1, "third_party": 2}
    worst: dict[str, str] = {}
    for item in evidence:
        labels: dict[str, Any] = item.get("labels") or {}
        for path, label in labels.items():
            name = path.lstrip("/").replace("[", "/").replace(".", "/").split("/")[0]
            if order.get(str(label), 2) >= order.get(worst.get(name, "shop"), 0):
                worst[name] = str(label)
    return worst


def evidence_of(approval: Mapping[str, Any]) -> list[Evidence]:
    """The runs and tools that asked."""
    items: list[dict[str, Any]] = approval["evidence"]
    return [Evidence(str(item.get("tool", "")), str(item.get("run_id", ""))) for item in items]


def reasons_of(approval: Mapping[str, Any], policy: PolicyBook) -> list[Reason]:
    """The rules that held it, in their words; a rule that is no longer there is named alone."""
    known = {rule.rule_id: rule.description for rule in policy.rules_for(approval["action"])}
    return [Reason(rule_id, known.get(rule_id, "")) for rule_id in approval["rule_ids"]]


def facts_of(approval: Mapping[str, Any]) -> dict[str, Any]:
    """What policy decided over."""
    facts: dict[str, Any] = approval["facts"]
    return {name: fact for name, fact in facts.items() if _UNREMARKABLE.get(name) is not fact}


def needs_of(approval: Mapping[str, Any], policy: PolicyBook) -> str:
    """How much approval it takes by the rules of now: `one manager`, `two people, one of them the owner`."""
    by = Actor(
        approval["actor_kind"],
        approval["actor_id"],
        approval["actor_role"],
        on_behalf_of=approval["on_behalf_of"],
    )
    facts = {name: fact for name, fact in approval["facts"].items() if not name.startswith("approve")}
    try:
        decision = policy.decide(approval["action"], by, facts)
    except Refusal:
        return ""
    needs = decision.needs
    if decision.effect == "permit":
        return "nothing any more by the rules of now"
    if decision.effect == "forbid" or needs is None:
        return "more than any approval by the rules of now"
    if needs.approvers == 1:
        return f"one {needs.approver_role}"
    return f"{needs.approvers} people, one of them {needs.approver_role}"


def attested_of(approval: Mapping[str, Any]) -> list[str]:
    """What the runtime attested and a person should know."""
    facts: dict[str, Any] = approval["facts"]
    said = {
        "third_party_argument": "An argument comes from a third party's text.",
        "needs_person": "The run had read a third party's text and private data.",
        "confirmed": "The customer said yes to exactly this.",
    }
    return [words for name, words in said.items() if name in ATTESTED_FACTS and facts.get(name) is True]
