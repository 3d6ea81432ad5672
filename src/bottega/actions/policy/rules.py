"""One rule of a policy pack, read from Cedar text: its id, its words, and the actions it can apply to."""

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, cast

import cedarpy

from bottega.actions.policy.rejection import PolicyPackRejected

_RULE_ID = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
_RESERVED_PREFIX = "default."
DESCRIPTION_MAX_CHARACTERS = 300
PARSED_SETS_KEPT = 512


@dataclass(frozen=True, slots=True)
class Rule:
    """A permit or a forbid.

    `actions` are the action and group names in its head, None when it applies to every action; `mentions` are
    all such names in the rule, wherever they stand. `names_actors` says whether it compares the actor with one by id.
    """

    rule_id: str
    description: str
    effect: Literal["permit", "forbid"]
    actions: frozenset[str] | None
    mentions: frozenset[str]
    names_actors: bool
    tree_json: str

    def can_apply(self, action_name: str, groups: Collection[str]) -> bool:
        """Whether the head of the rule lets the action in, by its name or by one of its groups."""
        return self.actions is None or action_name in self.actions or not self.actions.isdisjoint(groups)


def rules_from(pack: str, file_name: str, text: str) -> list[Rule]:
    """The rules of one Cedar file, in their order. Raises `PolicyPackRejected`."""
    try:
        tree: dict[str, Any] = json.loads(cedarpy.policies_to_json_str(text))
    except ValueError as error:
        raise PolicyPackRejected(pack, file_name, expected="Cedar policies", got=str(error)) from error
    if tree["templates"]:
        raise PolicyPackRejected(pack, file_name, expected="policies without slots", got="a template")
    # Cedar numbers the policies of a text policy0, policy1, … in the order in which they stand.
    in_order = sorted(tree["staticPolicies"].items(), key=lambda item: int(item[0].removeprefix("policy")))
    return [_rule(pack, f"{file_name}, policy {index + 1}", node) for index, (_, node) in enumerate(in_order)]


@lru_cache(maxsize=PARSED_SETS_KEPT)
def parsed_set(rules: tuple[Rule, ...]) -> cedarpy.PolicySet:
    """Rules that can all apply to one action, as one parsed set in which each is known by its rule id.

    Their heads have done their work and are left open: evaluating them again cost a quarter of each decision. So
    actions to which the same rules can apply share a set, and most of them do.
    """
    every_action = {"action": {"op": "All"}}
    policies = {rule.rule_id: {**json.loads(rule.tree_json), **every_action} for rule in rules}
    return cedarpy.PolicySet.from_json_str(
        json.dumps({"templates": {}, "staticPolicies": policies, "templateLinks": []})
    )


def _rule(pack: str, place: str, node: dict[str, Any]) -> Rule:
    annotations: dict[str, str | None] = node.get("annotations", {})
    rule_id = annotations.get("id") or ""
    if not _RULE_ID.fullmatch(rule_id):
        expected = 'an id such as @id("money.refund_above_limit")'
        raise PolicyPackRejected(pack, place, expected=expected, got=repr(rule_id) if rule_id else "none")
    if rule_id.startswith(_RESERVED_PREFIX):
        raise PolicyPackRejected(pack, rule_id, expected="a family other than default", got=rule_id)
    description = (annotations.get("describe") or "").strip()
    if not description or len(description) > DESCRIPTION_MAX_CHARACTERS:
        expected = f'@describe("…") in at most {DESCRIPTION_MAX_CHARACTERS} characters'
        raise PolicyPackRejected(pack, rule_id, expected=expected, got=f"{len(description)} characters")
    return Rule(
        rule_id,
        description,
        node["effect"],
        actions=_actions_in_head(node["action"]),
        mentions=frozenset(_entities_in(node, "Action")),
        names_actors=any(_entities_in(node, "Actor")),
        tree_json=json.dumps(node),
    )


def _actions_in_head(head: dict[str, Any]) -> frozenset[str] | None:
    if head["op"] == "All":
        return None
    entities = cast("list[dict[str, str]]", head["entities"] if "entities" in head else [head["entity"]])
    return frozenset(entity["id"] for entity in entities)


def _entities_in(node: object, kind: str) -> Iterator[str]:
    """The ids of all entities of a type in a part of the tree."""
    if isinstance(node, dict):
        branch = cast("dict[str, object]", node)
        if branch.get("type") == kind and isinstance(name := branch.get("id"), str):
            yield name
        for inner in branch.values():
            yield from _entities_in(inner, kind)
    elif isinstance(node, list):
        for inner in cast("list[object]", node):
            yield from _entities_in(inner, kind)
