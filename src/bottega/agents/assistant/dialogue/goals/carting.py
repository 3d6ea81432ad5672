"""The cart: putting things in, changing them, showing what is there, and discount codes."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bottega.agents.assistant.dialogue import products
from bottega.agents.assistant.dialogue.goals.choosing import product_of, variant_of
from bottega.agents.assistant.dialogue.here import Here, changing, missing_tool, refused
from bottega.agents.assistant.dialogue.json_values import record, records
from bottega.agents.assistant.dialogue.move import Call, Step, ask, finish, phrase, verbatim
from bottega.agents.assistant.dialogue.naming import named_in
from bottega.agents.assistant.dialogue.orders import line_name
from bottega.agents.assistant.dialogue.products import enumerated, money
from bottega.agents.assistant.dialogue.results import Results
from bottega.agents.assistant.dialogue.state import Asked, Goal, Item, Json, Part, State
from bottega.agents.assistant.language.lexicon import lexicon
from bottega.agents.assistant.language.patterns import says, without
from bottega.agents.assistant.language.product_names import spoken
from bottega.agents.assistant.language.slots.numbers import Quantity, quantity, quantity_beside
from bottega.agents.assistant.language.slots.options import ANY, options
from bottega.agents.assistant.language.slots.references import Reference, Shown, reference
from bottega.agents.assistant.language.slots.said import plainly

Cart = Mapping[str, Json]
LARGEST_QUANTITY = 99
LINES_KEPT = 12
_TELL_CART = frozenset(
    {"get_cart", "add_to_cart", "change_cart_line", "set_cart_contact", "choose_shipping", "apply_coupon"}
)
_CODE = re.compile(
    r"\b(?:code|coupon|voucher|promo)\b\W{0,3}(?:is|called|named)?\W{0,3}([A-Za-z][A-Za-z0-9_-]{2,29})\b", re.IGNORECASE
)
_LIKE_A_CODE = re.compile(r"(?<![\w-])(?=[A-Z0-9_-]*[A-Z])[A-Z0-9][A-Z0-9_-]{3,29}(?![\w-])")


def advance_add(state: State, goal: Goal, here: Here) -> Step:
    """Finds the variant and puts it into the cart; with several products, one after the other."""
    product = product_of(state, goal, here)
    if isinstance(product, Step):
        return product
    handle = str(goal.slot("product"))
    variant = variant_of(state, goal, product)
    if isinstance(variant, Step):
        return variant
    said = goal.slot("quantity") or _quantity_said(goal, product)
    named = said or 1
    if any(str(named) in values for values in products.options_of(product).values()):
        # "42" of boots is a size.
        named = 1
    left = products.available(variant)
    if 0 < left < int(named) and here.changed(Call("add_to_cart", {"variant_id": variant["id"]})) is None:
        return _too_few(state, goal, product, variant)
    call = Call("add_to_cart", {"variant_id": variant["id"], "quantity": min(int(named), LARGEST_QUANTITY)})
    result = changing(state, goal, here, call)
    if isinstance(result, Step):
        return _instead(result, product, variant, here, call)
    added = {"variant_id": variant["id"], "product": handle, "quantity": int(named), "turn": state.turn}
    state = _after(state.model_copy(update={"last_added": added, "focus": (handle,)}), goal)
    title = line_name({"title": product.get("title"), "option_values": variant.get("option_values"), "quantity": named})
    parts = [phrase("cart.added", title=title)]
    if goal.slot("later") or goal.slot("rest"):
        return finish(state, goal, *parts)
    total = _total(result.record)
    if total:
        parts.append(phrase("cart.comes_to", total=total))
    return finish(
        state,
        goal,
        *parts,
        phrase("cart.what_next"),
        choices=("Check out", "Show my cart"),
        asked=Asked(what="offer", option="checkout"),
    )


def _too_few(state: State, goal: Goal, product: Mapping[str, Json], variant: Mapping[str, Json]) -> Step:
    """Fewer are there than are wanted: nothing is put in, and what there is of others is said."""
    title = line_name({"title": product.get("title"), "option_values": variant.get("option_values")})
    wanted = int(goal.slot("quantity") or _quantity_said(goal, product) or 1)
    others = [one for one in products.variants(product) if products.available(one) >= wanted and one is not variant]
    parts = [phrase("stock.too_few", title=title, count=str(products.available(variant)))]
    if others:
        parts.append(phrase("stock.others", variants=enumerated([products.variant_name(one) for one in others[:8]])))
    return finish(state.model_copy(update={"focus": (str(goal.slot("product")),)}), goal, *parts)


def _quantity_said(goal: Goal, product: Mapping[str, Json]) -> int | None:
    """How many, in the words that are about this product alone; values of it are no quantities."""
    offered = [value for values in products.options_of(product).values() for value in values]
    number = quantity_beside(without_title(goal.words, str(product.get("title", ""))), offered)
    return None if number is None or number.kind != "exactly" else number.number or None


def _instead(step: Step, product: Mapping[str, Json], variant: Mapping[str, Json], here: Here, call: Call) -> Step:
    """A refusal because too few are left names what is there."""
    result = here.changed(call)
    if result is None or not result.failed:
        return step
    others = [v for v in products.variants(product) if products.available(v) > 0 and v.get("id") != variant.get("id")]
    if products.available(variant) > 0 or not others or step.reply is None:
        return step
    names = enumerated([products.variant_name(v) for v in others[:8]])
    told = (*step.reply.parts, phrase("stock.others", variants=names))
    return Step(step.state, reply=step.reply.model_copy(update={"parts": told}), done=step.done)


def _after(state: State, goal: Goal) -> State:
    """The next product of several is another goal, with the same words."""
    later: Sequence[Mapping[str, Json]] = goal.slot("later") or ()
    rest: Sequence[str] = goal.slot("rest") or ()
    if later:
        following = Goal(
            kind="add", slots={"product": later[0]["product"], "later": list(later[1:])}, words=str(later[0]["words"])
        )
    elif rest:
        following = Goal(
            kind="add", slots={"product": rest[0], "rest": list(rest[1:]), "quantity": goal.slot("quantity")}
        )
    else:
        return state
    # Both stand on the stack for a moment; the finished one is taken away by its number.
    numbered = following.model_copy(update={"id": state.next_goal_id, "since_turn": state.turn})
    return state.model_copy(update={"goals": (*state.goals, numbered), "next_goal_id": state.next_goal_id + 1})


def read_cart(state: State, goal: Goal, here: Here) -> Cart | Step:
    """The cart as it is now, or what leads there."""
    call = Call("get_cart", {})
    if not here.results.offers("get_cart"):
        return missing_tool(state, goal)
    step = here.ready(state, call)
    if step is not None:
        return step
    result = here.read(call)
    assert result is not None, "it is offered and answered"
    if result.failed and result.code in ("no_cart", "no_such_cart", "not_found"):
        return {"lines": []}
    return finish(state, goal, *refused(result)) if result.failed else cart_in(result.record)


def cart_in(content: Mapping[str, Json]) -> Cart:
    """A cart with its total, however the tool wraps the two."""
    cart = record(content.get("cart"))
    return {**record(content.get("total")), **cart} if cart else content


def lines_of(cart: Cart) -> Sequence[Mapping[str, Any]]:
    return records(cart.get("lines"))


def knowing_cart(state: State, results: Results) -> State:
    """The state with what lies in the cart, as this turn's newest result that tells it says."""
    for result in reversed(results.answered):
        if result.tool == "create_order" and result.succeeded:
            return state.model_copy(update={"cart": ()})
        cart = cart_in(result.record) if result.tool in _TELL_CART and result.succeeded else {}
        if "lines" in cart:
            held = [_line_item(line, state, str(cart.get("currency", ""))) for line in lines_of(cart)]
            country = str(cart.get("country") or state.country)
            return state.model_copy(update={"cart": tuple(held[:LINES_KEPT]), "country": country})
    return state


def _line_item(line: Mapping[str, Any], state: State, currency: str) -> Item:
    return Item(
        handle=str(line.get("product_id") or line.get("id")),
        title=str(line.get("title", "")),
        price_minor=line.get("unit_price_minor"),
        currency=currency,
        words=tuple(line_words(line, state)),
    )


def _total(content: Mapping[str, Json]) -> str:
    cart = cart_in(content)
    amount = cart.get("total_minor", cart.get("subtotal_minor"))
    return money(int(amount), str(cart.get("currency", ""))) if isinstance(amount, int) else ""


def advance_show(state: State, goal: Goal, here: Here) -> Step:
    """What lies in the cart and what it comes to."""
    cart = read_cart(state, goal, here)
    if isinstance(cart, Step):
        return cart
    if not lines_of(cart):
        return finish(state, goal, phrase("cart.empty"))
    handles = tuple(dict.fromkeys(str(line["product_id"]) for line in lines_of(cart) if line.get("product_id")))
    parts = cart_told(cart)
    asked = Asked(what="offer", option="checkout")
    return finish(state, goal, *parts, phrase("cart.what_next"), shows=handles, choices=("Check out",), asked=asked)


def cart_told(cart: Cart) -> list[Part]:
    """The lines and the sum, as phrases."""
    currency = str(cart.get("currency", ""))
    told = [
        f"{line_name(line)} at {money(int(line['unit_price_minor']), currency)}"
        if isinstance(line.get("unit_price_minor"), int)
        else line_name(line)
        for line in lines_of(cart)
    ]
    parts = [phrase("cart.holds", lines=enumerated(told))]
    total, goods, off = _total(cart), cart.get("subtotal_minor"), cart.get("discount_minor")
    if total and isinstance(goods, int) and isinstance(off, int) and off:
        fields = {"goods": money(goods, currency), "discount": money(off, currency), "total": total}
        return [*parts, phrase("cart.comes_to_less", **fields)]
    return [*parts, phrase("cart.comes_to", total=total)] if total else parts


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
    total = _total(result.record)
    lines = lines_of(cart_in(result.record))
    return finish(state, goal, *parts, *([phrase("cart.comes_to", total=total)] if total and lines else []))


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
    chosen = next((one for one in lines if str(one.get("id")) == goal.slot("line")), None)
    line = chosen or line_meant(goal.words, lines, state)
    named = named_in(without(goal.words, "cart.take_out", "cart.named"))
    if line is None and len(lines) == 1 and not named:
        line = lines[0]
    if line is None and not named:
        line = next((one for one in lines if one.get("variant_id") == state.last_added.get("variant_id")), None)
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
    if other or (says(goal.words, "cart.swap") and number is None and values):
        only = _only_some(said, number, present) if other else None
        return goal.having(swap=str(line["product_id"]), present=present, only=only, options=held)
    if number is not None:
        to = {"exactly": number.number, "more": present + number.number, "fewer": present - number.number}[number.kind]
        return goal.having(to=max(0, min(to, LARGEST_QUANTITY)))
    return ask(state.with_changed(goal), goal, Asked(what="quantity"), phrase("cart.how_many", title=title))


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


def becomes(said: str, offered: Mapping[str, Sequence[str]], *, asked: str | None = None) -> dict[str, str]:
    """The values that a line is to have: in "red instead of navy" that is red, in "I meant L" L."""
    plain = re.sub(r"\b(?:instead of|rather than|not)\s+(?:the\s+|in\s+)?[\w-]+", " ", said)
    asked = asked or (next(iter(offered)) if len(offered) == 1 else "size" if "size" in offered else None)
    return {name: value for name, value in options(plain, offered, asked=asked).items() if value != ANY}


def _only_some(said: str, number: Quantity | None, present: int) -> int | None:
    """How many of the line are swapped when not all are: "swap one of them for oatmeal"."""
    some = re.search(r"\b(?:one|two|three|four|five|\d)\s+of\s+(?:them|these|those|the)\b", plainly(said))
    if some is None:
        return None
    found = number or quantity(some.group(), asked=True)
    count = found.number if found is not None else 1
    return count if 0 < count < present else None


def line_meant(text: str, lines: Sequence[Mapping[str, Any]], state: State) -> Mapping[str, Any] | None:
    """The line that the words refer to; "it" is what was put in last."""
    shown = [
        Shown(
            str(line["id"]),
            str(line.get("title", "")),
            line.get("unit_price_minor"),
            frozenset(line_words(line, state)),
        )
        for line in lines
    ]
    added = state.last_added.get("variant_id")
    focus = [str(line["id"]) for line in lines if line.get("variant_id") == added]
    found: Reference | None = reference(text, shown, focus=focus, loosely=True)
    if found is None or found.is_ambiguous or len(found.handles) != 1:
        return None
    return next(line for line in lines if str(line["id"]) == found.handles[0])


def line_words(line: Mapping[str, Any], state: State) -> list[str]:
    """Words that fit a line beside its title: its values, and what its product is known by."""
    known = state.item(str(line.get("product_id") or ""))
    values = plainly(" ".join(products.values_of(line).values())).split()
    return [*values, *(known.words if known is not None else ())]


def without_title(text: str, title: str) -> str:
    """The text without the words of a title: the two of "Two Rivers" says nothing of how many."""
    words = {one.word for one in spoken(title)}
    plain = plainly(text)
    said = spoken(plain)
    for place in reversed(range(len(said))):
        one = said[place]
        beside = {near.word for near in (*said[max(0, place - 1) : place], *said[place + 1 : place + 2])}
        is_number = one.written.isdigit() or one.written in lexicon().numbers
        if one.word in words and is_number and beside & (words - {one.word}):
            plain = f"{plain[: one.start]} {plain[one.end :]}"
    return plain


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
        return _instead(add, product, fitting[0], here, Call("add_to_cart", {"variant_id": fitting[0]["id"]}))
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
    total = _total(out.record)
    return finish(
        state, goal, phrase("cart.swapped", title=title), *([phrase("cart.comes_to", total=total)] if total else [])
    )


def code_in(text: str, *, asked: bool = False) -> str | None:
    """A discount code in the text: what follows the word, or a word in capitals."""
    for found in _CODE.finditer(text):
        if found.group(1).lower() not in lexicon().silent["code"]:
            return found.group(1).upper()
    capital = _LIKE_A_CODE.search(text)
    if capital is not None and not re.fullmatch(r"B-?\d+", capital.group()):
        return capital.group()
    bare = text.strip().strip(".!\"'")
    is_one = asked and re.fullmatch(r"[A-Za-z0-9_-]{3,30}", bare) and bare.lower() not in lexicon().silent["code"]
    return bare.upper() if is_one else None


def advance_coupon(state: State, goal: Goal, here: Here) -> Step:
    """Applies a code, or takes it off, and says what the cart comes to then."""
    if goal.slot("remove"):
        result = changing(state, goal, here, Call("remove_coupon", {}))
        if isinstance(result, Step):
            return result
        return finish(state, goal, phrase("cart.coupon_removed"))
    code = goal.slot("code")
    if code is None:
        return ask(state, goal, Asked(what="coupon"), phrase("ask.coupon"))
    result = changing(state, goal, here, Call("apply_coupon", {"code": code}))
    if isinstance(result, Step):
        return result
    cart = cart_in(result.record)
    if cart.get("coupon_refused"):
        return finish(state, goal, phrase("cart.coupon_refused", code=str(code)), verbatim(str(cart["coupon_refused"])))
    total = _total(cart)
    return finish(
        state,
        goal,
        phrase("cart.coupon_applied", code=str(code)),
        *([phrase("cart.comes_to", total=total)] if total else []),
    )
