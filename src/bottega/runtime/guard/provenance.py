"""Argument provenance: what controls a change comes from a shop record shown here or from the principal's own words."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from bottega.runtime.critic import Objection, Planned, Verdict
from bottega.runtime.evidence import Json, Leaf, Trust
from bottega.runtime.guard.words import Words, compact, normalised, numbers_in
from bottega.runtime.tool import CONTROLLING, Parameter

Number = int | float

# Words with which a number is added to what is there, or taken from it.
_MORE = frozenset({"more", "extra", "another", "additional", "further"})
_FEWER = frozenset({"fewer", "less", "out", "off", "remove", "return", "drop", "take", "without", "minus"})


@dataclass(frozen=True, slots=True)
class Argument:
    """One controlling value of a call and where it stands."""

    path: str
    parameter: Parameter
    value: str | Number


class ProvenanceCritic:
    """Labels every controlling argument and objects to one that nobody we trust has named.

    Reads are let through with their labels: they change nothing, and their queries see the actor's own rows only. Those
    that open to whoever knows a code or number (`opens_by_knowing`) are held to the same as changes.
    """

    name = "provenance"

    async def review(self, planned: Planned) -> Verdict:
        call, context = planned.call, planned.context
        if call.confirmation_id is not None:
            # The customer has said yes to these very arguments.
            return call.resolving(call.resolved, {})
        words = Words.of(context.words)
        seen = tuple(leaf for evidence in context.evidence for leaf in evidence.leaves())
        labels: dict[str, Trust] = {}
        nowhere: list[str] = []
        for argument in arguments_of(call.resolved, planned.tool.parameters):
            if argument.parameter.control == "identifier" and context.handles.was_shown(str(argument.value)):
                # Only what our records or the principal named gets a handle.
                labels[argument.path] = "shop"
                continue
            label = origin_of(argument, words, seen)
            labels[argument.path] = label or "third_party"
            if label is None:
                nowhere.append(argument.path)
        tainted = sorted(path for path, label in labels.items() if label == "third_party")
        is_open = planned.tool.effect == "read" and not getattr(planned.tool, "opens_by_knowing", False)
        if tainted and not is_open:
            code = "argument_from_nowhere" if set(tainted) <= set(nowhere) else "argument_from_third_party"
            return Objection(
                self.name,
                code,
                f"{', '.join(tainted)}: this was named neither by the customer nor by a record that was shown.",
                "Ask the customer for it, or look it up.",
            )
        return call.resolving(call.resolved, labels)


def arguments_of(resolved: Json, parameters: Iterable[Parameter]) -> Iterator[Argument]:
    """The controlling arguments that a call gives; a parameter's default controls nothing."""
    for parameter in parameters:
        if parameter.control in CONTROLLING:
            for path, value in _at(resolved, parameter.path.split("."), ()):
                if value is not None and value != parameter.default and not isinstance(value, bool):
                    yield Argument(".".join(path), parameter, value)


def origin_of(argument: Argument, words: Words, seen: tuple[Leaf, ...]) -> Trust | None:
    """The best label under which the value was named, or None when it was named by nobody."""
    if said_by_principal(argument, words):
        return "principal"
    labels = {leaf.trust for leaf in seen if names(argument, leaf)}
    if not labels and argument.parameter.control == "quantity" and reckoned_from(argument, words, seen):
        return "principal"
    for label in ("shop", "principal", "third_party"):
        if label in labels:
            return label
    return "third_party" if labels else None


def reckoned_from(argument: Argument, words: Words, seen: tuple[Leaf, ...]) -> bool:
    """Whether a quantity is one of our records' with as many more or fewer as the principal said ("one more"), or none
    at all: to take out what is there names no number."""
    value = argument.value
    if not isinstance(value, int | float):
        return False
    held = {
        float(leaf.value)
        for leaf in seen
        if leaf.trust == "shop"
        and isinstance(leaf.value, int | float)
        and not isinstance(leaf.value, bool)
        and _last_name(leaf.path) == _last_name_of(argument)
    }
    if value == 0:
        return bool(held)
    spoken = set(words.normalised.split())
    sums = {before + said for before in held for said in words.numbers} if spoken & _MORE else set[float]()
    rests = {before - said for before in held for said in words.numbers} if spoken & _FEWER else set[float]()
    return float(value) in sums | rests


def said_by_principal(argument: Argument, words: Words) -> bool:
    """Whether the value stands in the principal's own words."""
    value = argument.value
    match argument.parameter.control:
        case "quantity":
            return isinstance(value, int | float) and float(value) in words.numbers
        case "amount":
            return isinstance(value, int | float) and not words.numbers.isdisjoint({float(value), value / 100})
        case "identifier" | "reference":
            return words.hold_compact(str(value))
        case _:
            return words.hold(str(value))


def names(argument: Argument, leaf: Leaf) -> bool:
    """Whether a leaf of the evidence names the value: as itself, and for figures under the same name.

    A record is full of figures; that it has 40 in stock does not make 40 a quantity somebody wants.
    """
    value, held = argument.value, leaf.value
    if isinstance(held, bool):
        return False
    if isinstance(value, int | float) and isinstance(held, str):
        # A figure in a third party's prose: it is told apart from one that nobody named.
        return leaf.trust == "third_party" and not {float(value), value / 100}.isdisjoint(numbers_in(held))
    match argument.parameter.control:
        case "quantity":
            return isinstance(held, int | float) and held == value and _last_name(leaf.path) == _last_name_of(argument)
        case "amount":
            return isinstance(held, int | float) and held == value and _last_name(leaf.path).endswith("_minor")
        case "identifier":
            return held == value or (leaf.trust == "third_party" and isinstance(held, str) and str(value) in held)
        case "reference":
            if leaf.trust == "third_party":
                return compact(str(value)) in compact(str(held))
            return compact(str(value)) == compact(str(held))
        case _:
            wanted = normalised(str(value))
            if leaf.trust == "third_party":
                return f" {wanted} " in f" {normalised(str(held))} "
            return wanted == normalised(str(held))


def _last_name(path: tuple[str, ...]) -> str:
    return next((part for part in reversed(path) if not part.isdigit()), "")


def _last_name_of(argument: Argument) -> str:
    return _last_name(tuple(argument.parameter.path.replace("*", "0").split(".")))


def _at(value: Any, path: list[str], so_far: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if not path:
        yield so_far, value
        return
    name, rest = path[0], path[1:]
    members: Any = value
    match value:
        case list() | tuple() if name == "*":
            for position, member in enumerate(members):
                yield from _at(member, rest, (*so_far, str(position)))
        case dict() if name in members:
            yield from _at(members[name], rest, (*so_far, name))
        case _:
            return
