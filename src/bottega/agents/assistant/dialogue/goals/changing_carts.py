"""Changing the cart: taking out, another quantity, or another size or colour of what lies there."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bottega.agents.assistant.dialogue import products
from bottega.agents.assistant.dialogue.goals.carting import instead
from bottega.agents.assistant.dialogue.goals.reading_carts import (
    Cart,
    becomes,
    cart_in,
    line_meant,
    lines_of,
    read_cart,
    sum_told,
    without_title,
)
from bottega.agents.assistant.dialogue.here import Here, changing, refused
from bottega.agents.assistant.dialogue.move import Call, Step, ask, finish, phrase
from bottega.agents.assistant.dialogue.naming import named_in, of_ours
from bottega.agents.assistant.dialogue.orders import line_name
from bottega.agents.assistant.dialogue.products import enumerated
from bottega.agents.assistant.dialogue.state import Asked, Goal, State
from bottega.agents.assistant.language.patterns import says, without
from bottega.agents.assistant.language.slots.numbers import Quantity, quantity, quantity_beside
from bottega.agents.assistant.language.slots.said import plainly

LARGEST_QUANTITY = 99


def advance_change(state: State, goal: Goal, here: Here) -> Step:
    """Takes a line out, changes how many, or swaps the variant."""
    done = here.results.done("change_cart_line")
    needs_cart = done is None or bool(goal.slot("rest"))
    cart: Cart | Step = read_cart(state, goal, here) if needs_cart else {}
    if isinstance(cart, Step):
        return cart
    if goal.slot("line") is None or (goal.slot("to") is None and not goal.slot("swap")):
        settled = _settle_line(state, goal, here, cart)
        if isinstance(settled, Step):
            return settled
        goal = settled
        state = state.with_changed(goal)
    if goal.slot("swap"):
        return _swap(state, goal, here)
    call = Call("change_cart_line", {"line_id": goal.slot("line"), "quantity": goal.slot("to")})
    result = changing(state, goal, here, call)
    if isinstance(result, Step):
        return result
    rest: Sequence[str] = goal.slot("rest") or ()
    if rest:
        goal = goal.having(line=rest[0], rest=list(rest[1:]) or None)
        return Step(state.with_changed(goal))
    key = "cart.emptied" if goal.slot("emptied") else "cart.removed" if goal.slot("to") == 0 else "cart.changed"
    parts = [phrase(key, title=str(goal.slot("title") or ""), count=str(goal.slot("to")))]
    return finish(state, goal, *parts, *(sum_told(result.record) if lines_of(cart_in(result.record)) else []))


def _settle_line(state: State, goal: Goal, here: Here, cart: Cart) -> Goal | Step:
    """Which line is meant, and what it is to become: none, another variant, or so many."""
    lines = lines_of(cart)
    adding = [held for held in state.goals if held.kind == "add"]
    if not lines and adding and says(goal.words, "cart.take_out"):
        # It was about to be put in, and is not now.
        return finish(state.without(adding[-1].id), goal, phrase("talk.dropped"))
    if not lines:
        return finish(state, goal, phrase("cart.empty"))
    if says(goal.words, "cart.empty_it") and not says(goal.words, "cart.all_but"):
        ids = [str(line["id"]) for line in lines]
        return goal.having(line=ids[0], rest=ids[1:] or None, to=0, emptied=True)
    # "No, I meant the other one": what was just put in is known by its variant.
    wrong = next((one for one in lines if goal.slot("variant") and one.get("variant_id") == goal.slot("variant")), None)
    if wrong is not None:
        return goal.having(line=str(wrong["id"]), title=line_name({**wrong, "quantity": 1}), to=0)
    line = _line_spoken_of(state, goal, lines)
    if line is None:
        names = tuple(line_name(one) for one in lines)
        asked = Asked(what="items", handles=tuple(str(one["id"]) for one in lines))
        return ask(state, goal, asked, phrase("cart.which_line"), choices=names[:8])
    title = line_name({**line, "quantity": 1})
    goal = goal.having(line=str(line["id"]), title=title)
    present = int(line.get("quantity", 1))
    offered = _offered(state, line, here)
    if isinstance(offered, Step):
        return offered
    said = without_title(goal.words, str(line.get("title", "")))
    values = [value for values in offered.values() for value in values]
    number = quantity_beside(said, values)
    if says(goal.words, "cart.take_out") and not says(goal.words, "cart.swap_strictly"):
        # "Take one out" of three leaves two; "remove the boots" leaves none.
        taken = number.number if number is not None and number.number < present else present
        return goal.having(to=present - taken)
    held = products.values_of(line)
    other = {name: value for name, value in becomes(said, offered).items() if held.get(name) != value}
    beside = _beside_what_is_held(said, offered, held) if present > 1 else None
    if beside is not None:
        return goal.having(
            swap=str(line["product_id"]), present=present, only=beside[1], options=held, become=beside[0]
        )
    if other or (says(goal.words, "cart.swap") and number is None and values):
        only = _only_some(said, number, present) if other else None
        return goal.having(swap=str(line["product_id"]), present=present, only=only, options=held)
    if number is not None:
        to = {"exactly": number.number, "more": present + number.number, "fewer": present - number.number}[number.kind]
        return goal.having(to=max(0, min(to, LARGEST_QUANTITY)))
    return ask(state.with_changed(goal), goal, Asked(what="quantity"), phrase("cart.how_many", title=title))


def _line_spoken_of(state: State, goal: Goal, lines: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The line that was chosen or is meant; the only one, or what was put in last, when no other thing is named."""
    chosen = next((one for one in lines if str(one.get("id")) == goal.slot("line")), None)
    line = chosen or line_meant(goal.words, lines, state)
    named = of_ours(named_in(without(goal.words, "cart.take_out", "cart.named")), state)
    if line is None and len(lines) == 1 and (not named or not says(goal.words, "cart.take_out")):
        return lines[0]
    if line is None and not named:
        line = next((one for one in lines if one.get("variant_id") == state.last_added.get("variant_id")), None)
    return line


def _offered(state: State, line: Mapping[str, Any], here: Here) -> Mapping[str, Sequence[str]] | Step:
    """What the line's product comes in, by option; nothing when it has one variant only."""
    if not line.get("product_id") or not line.get("option_values"):
        return {}
    call = Call("get_product", {"product_id": line.get("product_id")})
    step = here.ready(state, call)
    if step is not None:
        return step
    result = here.read(call)
    return {} if result is None or result.failed else products.options_of(result.record)


def _only_some(said: str, number: Quantity | None, present: int) -> int | None:
    """How many of the line are swapped when not all are: "swap one of them for oatmeal"."""
    some = re.search(r"\b(?:one|two|three|four|five|\d)\s+of\s+(?:them|these|those|the)\b", plainly(said))
    if some is None:
        return None
    found = number or quantity(some.group(), asked=True)
    count = found.number if found is not None else 1
    return count if 0 < count < present else None


def _beside_what_is_held(
    said: str, offered: Mapping[str, Sequence[str]], held: Mapping[str, str]
) -> tuple[dict[str, str], int] | None:
    """ "One black, one teal", of two black ones: what some of them become, and how many."""
    plain = plainly(said)
    for name, values in offered.items():
        counted = {
            value: number.number
            for value in values
            for before in re.findall(rf"([\w-]+)\s+(?:in\s+)?{re.escape(plainly(value))}(?!\w)", plain)
            if (number := quantity(before, asked=True)) is not None
        }
        others = [value for value in counted if value != held.get(name)]
        if held.get(name) in counted and len(others) == 1:
            return {name: others[0]}, counted[others[0]]
    return None


def _swap(state: State, goal: Goal, here: Here) -> Step:
    """Another size or colour of what lies in the cart: the new one in, then the old one out."""
    call = Call("get_product", {"product_id": goal.slot("swap")})
    step = here.ready(state, call)
    if step is not None:
        return step
    result = here.read(call)
    if result is None or result.failed:
        return finish(state, goal, *(refused(result) if result is not None else (phrase("talk.no_tool"),)))
    product = result.record
    named = becomes(without_title(goal.words, str(product.get("title", ""))), products.options_of(product))
    if goal.slot("become"):
        named = dict(goal.slot("become"))
    if not named:
        options_there = products.options_of(product)
        name = next(iter(options_there), "")
        asked = Asked(what="size" if name == "size" else "option", option=name)
        values = tuple(options_there.get(name, ()))
        question = phrase(
            "ask.option", title=str(product.get("title", "")), option=name, values=enumerated(values, "or")
        )
        return ask(state, goal, asked, question, choices=values[:8])
    wanted = {**dict(goal.slot("options") or {}), **named}
    fitting = products.matching(product, wanted)
    if wanted == goal.slot("options"):
        return finish(state, goal, phrase("cart.is_so", title=str(goal.slot("title") or product.get("title", ""))))
    if not fitting:
        return finish(
            state,
            goal,
            phrase(
                "product.not_together", title=str(product.get("title", "")), values=enumerated(list(wanted.values()))
            ),
        )
    present = int(goal.slot("present") or 1)
    moved = int(goal.slot("only") or present)
    add = changing(state, goal, here, Call("add_to_cart", {"variant_id": fitting[0]["id"], "quantity": moved}))
    if isinstance(add, Step):
        return instead(add, product, fitting[0], here, Call("add_to_cart", {"variant_id": fitting[0]["id"]}))
    left = Call("change_cart_line", {"line_id": goal.slot("line"), "quantity": present - moved})
    out = changing(state, goal, here, left)
    if isinstance(out, Step):
        return out
    handle = str(goal.slot("swap"))
    added = {"variant_id": fitting[0]["id"], "product": handle, "quantity": moved, "turn": state.turn}
    state = state.model_copy(update={"last_added": added, "focus": (handle,)})
    title = line_name(
        {
            "title": product.get("title"),
            "option_values": fitting[0].get("option_values"),
            "quantity": moved,
        }
    )
    return finish(
        state,
        goal,
        phrase("cart.swapped" if moved == present else "cart.swapped_some", title=title),
        *sum_told(out.record),
    )
