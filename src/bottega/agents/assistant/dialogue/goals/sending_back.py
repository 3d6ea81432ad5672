"""Returns and exchanges of what has arrived: the order, the lines, why, and for an exchange into what."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bottega.agents.assistant.dialogue import orders, products
from bottega.agents.assistant.dialogue.goals.choosing import order_of
from bottega.agents.assistant.dialogue.here import Here, changing
from bottega.agents.assistant.dialogue.json_values import record
from bottega.agents.assistant.dialogue.move import Call, Step, ask, finish, phrase
from bottega.agents.assistant.dialogue.orders import Order, left_to_return, line_name
from bottega.agents.assistant.dialogue.products import enumerated
from bottega.agents.assistant.dialogue.results import Result
from bottega.agents.assistant.dialogue.state import Asked, Goal, Item, Json, Part, State
from bottega.agents.assistant.language.patterns import says
from bottega.agents.assistant.language.slots.numbers import order_numbers, quantity
from bottega.agents.assistant.language.slots.options import options, unoffered
from bottega.agents.assistant.language.slots.reasons import reason
from bottega.agents.assistant.language.slots.references import Shown, reference
from bottega.agents.assistant.language.slots.said import plainly

# What goods may come back for when the shop does not say otherwise (see ShopSettings.return_reasons).
RETURN_REASONS = (
    "changed my mind",
    "wrong size",
    "too small",
    "too large",
    "not as described",
    "damaged",
    "faulty",
    "wrong item",
    "arrived late",
    "other",
)
SIZE_REASONS = {"too small": 1, "too large": -1}


def advance(state: State, goal: Goal, here: Here) -> Step:
    """From "it does not fit" to a return or an exchange that the customer has said yes to."""
    done = here.results.done("create_exchange") or here.results.done("create_return")
    if done is not None:
        return _asked_for(state, goal, here, done)
    order = order_of(state, goal, here, fits=orders.has_arrived, none_key="send_back.none")
    if isinstance(order, Step):
        return order
    number, handle = orders.reference_of(order), str(order.get("id", ""))
    state = state.knowing(orders.known(order))
    if not orders.has_arrived(order):
        return _too_early(state, goal, order)
    may = record(order.get("may"))
    if may.get("send_back") is False and may.get("send_back_until"):
        return _too_late(state, goal, order, may)
    chosen = _lines(state, goal, order)
    if isinstance(chosen, Step):
        return chosen
    goal = goal.having(lines=[str(line["id"]) for line in chosen])
    state = _speaking_of(state.with_changed(goal), chosen)
    known = orders.reasons(order, "return", RETURN_REASONS)
    why = goal.slot("reason") or reason(goal.words, known)
    if why is None and goal.slot("kind") == "exchange" and "wrong size" in known and _about_size(goal):
        why = "wrong size"
    if why is None:
        names = enumerated([line_name({**line, "quantity": 1}) for line in chosen])
        return ask(
            state,
            goal,
            Asked(what="reason", choices=known),
            phrase("ask.why_back", lines=names),
            shows=(handle,),
            choices=known,
        )
    goal = goal.having(reason=why)
    state = state.with_changed(goal)
    if goal.slot("kind") is None:
        return _which_way(state, goal, number)
    if goal.slot("kind") == "exchange":
        return _exchange(state, goal, here, order, chosen)
    lines = [{"line_id": line["id"], "quantity": _units(goal, line, chosen), "reason": why} for line in chosen]
    call = Call("create_return", {"order_id": handle, "lines": lines})
    result = changing(state, goal, here, call)
    if isinstance(result, Step):
        made = here.changed(call)
        return _with_rules(result, goal, "What cannot be returned?") if made is not None and made.failed else result
    return _asked_for(state, goal, here, result)


def _with_rules(step: Step, goal: Goal, question: str) -> Step:
    """What was refused, followed by the shop's rules about it."""
    asking = Goal(kind="policy", slots={"question": f"{question} {goal.words}"[:300], "about": "policy_returns"})
    return Step(step.state.with_goal(asking), reply=step.reply, done=True)


def _too_late(state: State, goal: Goal, order: Order, may: Mapping[str, Json]) -> Step:
    """The time for returning is over: since when, and what the rules say of it."""
    number, handle = orders.reference_of(order), str(order.get("id", ""))
    told = phrase(
        "send_back.too_late",
        number=number,
        days=str(may.get("send_back_days") or ""),
        until=str(may.get("send_back_until")),
    )
    return _with_rules(finish(state, goal, told, shows=(handle,)), Goal(kind="policy"), "Late requests for a return")


def _speaking_of(state: State, lines: Sequence[Mapping[str, Any]]) -> State:
    """The state with the one thing that is sent back in focus: "do you have it in L" is about that."""
    handle = str(lines[0].get("product_id") or "")
    if len(lines) != 1 or not handle:
        return state
    known = state.item(handle) or Item(handle=handle, title=str(lines[0].get("title", "")))
    return state.showing((known,))


def _too_early(state: State, goal: Goal, order: Order) -> Step:
    number, handle = orders.reference_of(order), str(order.get("id", ""))
    if orders.is_over(order):
        return finish(state, goal, phrase("cancel.is_cancelled", number=number), shows=(handle,))
    if orders.can_change(order):
        option = "amend" if goal.slot("kind") == "exchange" else "cancel"
        asked = Asked(what="offer", option=option, handles=(str(order.get("number", "")),), about=goal.words)
        return finish(
            state,
            goal,
            phrase(f"send_back.{option}_instead", number=number),
            shows=(handle,),
            choices=("Yes", "No"),
            asked=asked,
        )
    return finish(state, goal, phrase("send_back.on_its_way", number=number), shows=(handle,))


def _lines(state: State, goal: Goal, order: Order) -> Sequence[Mapping[str, Any]] | Step:
    """Which lines come back; those of which nothing is left do not count."""
    lines = [line for line in orders.lines(order) if left_to_return(line) > 0]
    if not lines:
        return finish(state, goal, phrase("send_back.nothing_left", number=orders.reference_of(order)))
    settled = [line for line in lines if str(line["id"]) in (goal.slot("lines") or ())]
    if settled:
        return settled
    if len(lines) == 1:
        return lines
    words = goal.words
    for number in order_numbers(words):
        words = re.sub(rf"(?i)b?\W?{number.removeprefix('B-')}", " ", words)
    # "The boots, not the socks", and "them" is no other thing.
    words = re.sub(r"(?i)\b(?:not|without|except(?: for)?|but not)\s+(?:the\s+)?\w+", " ", words)
    words = re.sub(r"(?i)\b(?:them|these|those|it)\b", " ", words)
    shown = [
        Shown(
            str(line["id"]),
            str(line.get("title", "")),
            None,
            frozenset(plainly(" ".join(products.values_of(line).values())).split()),
        )
        for line in lines
    ]
    found = reference(words, shown)
    if found is not None and found.by in ("name", "place") and not found.is_ambiguous:
        return [line for line in lines if str(line["id"]) in found.handles]
    in_focus = [
        line
        for line in lines
        if any(item.title == line.get("title") and item.handle in state.focus for item in state.shown)
    ]
    if len(in_focus) == 1:
        return in_focus
    if says(words, "returns.all_of_it"):
        return lines
    names = tuple(line_name(line) for line in lines)
    asked = Asked(what="items", handles=tuple(str(line["id"]) for line in lines))
    question = phrase("send_back.which_lines", number=orders.reference_of(order), lines=enumerated(names, "or"))
    return ask(state, goal, asked, question, shows=(str(order.get("id", "")),), choices=names[:8])


def _units(goal: Goal, line: Mapping[str, Any], chosen: Sequence[Mapping[str, Any]]) -> int:
    left = left_to_return(line)
    number = quantity(re.sub(r"(?i)\b(?:order\s+)?b?\W?\d{4,}\b", " ", goal.words)) if len(chosen) == 1 else None
    return min(left, number.number) if number is not None and number.kind == "exactly" and number.number else left


def _about_size(goal: Goal) -> bool:
    return says(goal.words, "returns.about_size")


def _which_way(state: State, goal: Goal, number: str) -> Step:
    if says(goal.words, "returns.exchange") and not says(goal.words, "returns.no_exchange"):
        return Step(state.with_changed(goal.having(kind="exchange")))
    if says(goal.words, "returns.money_back") or goal.slot("reason") not in ("too small", "too large", "wrong size"):
        return Step(state.with_changed(goal.having(kind="return")))
    choices = ("Exchange it", "Money back")
    return ask(state, goal, Asked(what="resolution"), phrase("ask.resolution", number=number), choices=choices)


def _exchange(state: State, goal: Goal, here: Here, order: Order, chosen: Sequence[Mapping[str, Any]]) -> Step:
    """Each line's new variant, asked for where the words do not name it."""
    calls = [Call("get_product", {"product_id": line.get("product_id")}) for line in chosen]
    step = here.ready(state, *calls)
    if step is not None:
        return step
    lines: list[dict[str, Json]] = []
    for line, call in zip(chosen, calls, strict=True):
        result = here.read(call)
        if result is None or result.failed:
            return finish(state, goal, phrase("send_back.product_gone", title=str(line.get("title", ""))))
        variant = _new_variant(state, goal, line, result.record)
        if isinstance(variant, Step):
            return variant
        units = _units(goal, line, chosen)
        lines.append(
            {"line_id": line["id"], "new_variant_id": variant["id"], "quantity": units, "reason": goal.slot("reason")}
        )
    arguments: dict[str, Json] = {"order_id": order.get("id"), "lines": lines}
    instrument = orders.instrument_of(order)
    if instrument is not None:
        # What paid for the order pays, or receives, a difference.
        arguments["instrument_id"] = instrument
    result = changing(state, goal, here, Call("create_exchange", arguments))
    return result if isinstance(result, Step) else _asked_for(state, goal, here, result)


def _new_variant(
    state: State, goal: Goal, line: Mapping[str, Any], product: Mapping[str, Json]
) -> Mapping[str, Any] | Step:
    offered = products.options_of(product)
    present = products.values_of(line)
    asked_option = state.asked.option if state.asked is not None else None
    said = re.sub(r"(?i)\bb?\W?\d{4,}\b", " ", goal.words)
    named = {
        name: value
        for name, value in options(said, offered, asked=asked_option or ("size" if "size" in offered else None)).items()
        if present.get(name) != value
    }
    if not named and (following := _next_size(goal, present, offered)) is not None:
        named = {"size": following}
    title = line_name({**line, "quantity": 1})
    fitting = [
        v for v in products.matching(product, {**present, **named}) if str(v["id"]) != str(line.get("variant_id"))
    ]
    there = [variant for variant in fitting if products.available(variant) > 0]
    if named and there:
        return there[0]
    notes: list[Part] = []
    if named:
        notes.append(
            phrase("stock.sold_out_chosen", title=str(product.get("title", "")), chosen=" ".join(named.values()))
        )
        goal = goal.model_copy(update={"words": ""})
    elif wrong := unoffered(goal.words, offered):
        name, value = next(iter(wrong.items()))
        notes.append(phrase("product.not_offered", title=str(product.get("title", "")), option=name, value=value))
    wants_colour = says(goal.words, "changing.colour") and "colour" in offered and not says(goal.words, "changing.same")
    option = "colour" if wants_colour else next(iter(offered), "")
    values = _others(product, present, option)
    if not option or not values:
        return finish(state, goal, *notes, phrase("send_back.no_other_variant", title=title))
    asked = Asked(what="size" if option == "size" else "colour" if option == "colour" else "option", option=option)
    question = phrase("send_back.into_which", title=title, option=option, values=enumerated(values, "or"))
    return ask(state.with_changed(goal), goal, asked, *notes, question, choices=tuple(values[:8]))


def _next_size(goal: Goal, present: Mapping[str, str], offered: Mapping[str, Sequence[str]]) -> str | None:
    """One size up for "a bigger one", one down for "a smaller one"."""
    sizes = _in_order(offered.get("size", ()))
    if present.get("size") not in sizes or not says(goal.words, "returns.neighbour_size"):
        return None
    step = -1 if says(goal.words, "returns.smaller") else 1
    place = sizes.index(present["size"]) + step
    return sizes[place] if 0 <= place < len(sizes) else None


_LETTERS = ("XXS", "XS", "S", "M", "L", "XL", "XXL", "XXXL")


def _in_order(sizes: Sequence[str]) -> list[str]:
    """Sizes from small to large; the shop need not list them so."""
    if all(size in _LETTERS for size in sizes):
        return sorted(sizes, key=_LETTERS.index)
    if all(re.fullmatch(r"\d+(?:\.\d+)?", size) for size in sizes):
        return sorted(sizes, key=float)
    return list(sizes)


def _others(product: Mapping[str, Json], present: Mapping[str, str], option: str) -> list[str]:
    """Other values of the option that are there, everything else being the same."""
    same = {name: value for name, value in present.items() if name != option}
    fitting = [variant for variant in products.matching(product, same) if products.available(variant) > 0]
    values = [products.values_of(variant).get(option, "") for variant in fitting]
    return _in_order([value for value in dict.fromkeys(values) if value != present.get(option)])


def _asked_for(state: State, goal: Goal, here: Here, result: Result) -> Step:
    step = changing(state, goal, here, Call(result.tool, result.arguments))
    if isinstance(step, Step):
        return _with_rules(step, goal, "What cannot be returned?") if result.failed else step
    kind = "exchange" if result.tool == "create_exchange" else "return"
    number = f"[{result.record['id']}]" if result.record.get("id") else str(result.record.get("number", ""))
    approved = result.record.get("state") == "approved"
    key = f"send_back.{kind}_approved" if approved else f"send_back.{kind}_requested"
    fields = {"number": number} if number else {}
    return finish(state, goal, phrase(key, **fields))
