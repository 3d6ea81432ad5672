"""Every small change that can be made to a Cedar rule: what a careless edit could do to it."""

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from bottega.actions.policy.rules import Rule

Path = tuple[str | int, ...]
STRICTER_OR_LOOSER = {">": ">=", ">=": ">", "<": "<=", "<=": "<"}


def mutations(rule: Rule) -> Iterator[tuple[str, Rule]]:
    """Each mutation in words, and the rule it makes of `rule`.

    A condition goes missing, a group leaves the head, an `&&` or `||` loses one side, a `!` is forgotten, a
    comparison is stricter or looser, a number is one off, a text or a truth is another, a set loses an element.
    """
    tree = json.loads(rule.tree_json)
    for number in range(len(tree["conditions"])):
        yield f"without condition {number}", _changed(rule, ("conditions",), lambda all_, n=number: _without(all_, n))
    for number, entity in enumerate(tree["action"].get("entities", ())):
        head: Path = ("action", "entities")
        yield f"head without {entity['id']}", _changed(rule, head, lambda all_, n=number: _without(all_, n))
    for path, node in _nodes(tree["conditions"], ("conditions",)):
        for words, change in _changes(node):
            yield f"{words} at {'/'.join(map(str, path))}", _changed(rule, path, change)


def _changes(node: Any) -> Iterator[tuple[str, Callable[[Any], Any]]]:
    match node:
        case {"&&": sides} | {"||": sides}:
            yield "only the left side", lambda _: sides["left"]
            yield "only the right side", lambda _: sides["right"]
        case {"!": {"arg": inner}}:
            yield "without the not", lambda _: inner
        case {"Value": bool(truth)}:
            yield "the other truth", lambda _: {"Value": not truth}
        case {"Value": int(number)}:
            yield "one more", lambda _: {"Value": number + 1}
            yield "one less", lambda _: {"Value": number - 1}
        case {"Value": str(text)}:
            yield f"another text than {text}", lambda _: {"Value": f"not {text}"}
        case {"Set": list(elements)}:
            for number in range(len(elements)):
                yield f"set without element {number}", lambda _, n=number: {"Set": _without(elements, n)}
        case dict():
            for operator, other in STRICTER_OR_LOOSER.items():
                if operator in node:
                    yield f"{other} for {operator}", lambda _, o=operator, x=other: {x: node[o]}
        case _:
            return


def _nodes(node: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    yield path, node
    if isinstance(node, dict):
        for key, inner in node.items():
            yield from _nodes(inner, (*path, key))
    elif isinstance(node, list):
        for number, inner in enumerate(node):
            yield from _nodes(inner, (*path, number))


def _changed(rule: Rule, path: Path, change: Callable[[Any], Any]) -> Rule:
    tree = copy.deepcopy(json.loads(rule.tree_json))
    parent = tree
    for key in path[:-1]:
        parent = parent[key]
    parent[path[-1]] = change(parent[path[-1]])
    head = tree["action"]
    names = rule.actions if "entities" not in head else frozenset(entity["id"] for entity in head["entities"])
    return replace(rule, actions=names, tree_json=json.dumps(tree))


def _without(elements: list[Any], number: int) -> list[Any]:
    return [element for index, element in enumerate(elements) if index != number]
