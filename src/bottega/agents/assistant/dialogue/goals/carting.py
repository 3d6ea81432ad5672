"""The cart: putting things in, showing what is there, and discount codes."""

import re
from collections.abc import Mapping, Sequence

from bottega.agents.assistant.dialogue import products
from bottega.agents.assistant.dialogue.goals.choosing import product_of, variant_of
from bottega.agents.assistant.dialogue.goals.reading_carts import (
    Cart,
    cart_in,
    discount_told,
    lines_of,
    read_cart,
    sum_told,
    without_title,
)
from bottega.agents.assistant.dialogue.here import Here, changing
from bottega.agents.assistant.dialogue.move import Call, Step, ask, finish, phrase, verbatim
from bottega.agents.assistant.dialogue.orders import line_name
from bottega.agents.assistant.dialogue.products import enumerated, money
from bottega.agents.assistant.dialogue.state import Asked, Goal, Json, Part, State
from bottega.agents.assistant.language.lexicon import lexicon
from bottega.agents.assistant.language.patterns import without
from bottega.agents.assistant.language.slots.numbers import quantity_beside

LARGEST_QUANTITY = 99
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
        return instead(result, product, variant, here, call)
    added = {"variant_id": variant["id"], "product": handle, "quantity": int(named), "turn": state.turn}
    state = _after(state.model_copy(update={"last_added": added, "focus": (handle,)}), goal)
    title = line_name({"title": product.get("title"), "option_values": variant.get("option_values"), "quantity": named})
    parts = [phrase("cart.added", title=title)]
    if goal.slot("later") or goal.slot("rest"):
        return finish(state, goal, *parts)
    parts += sum_told(result.record)
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
    words = without(goal.words, "cart.price_bound")
    number = quantity_beside(without_title(words, str(product.get("title", ""))), offered)
    return None if number is None or number.kind != "exactly" else number.number or None


def instead(step: Step, product: Mapping[str, Json], variant: Mapping[str, Json], here: Here, call: Call) -> Step:
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
    return [*parts, *sum_told(cart), *discount_told(cart)]


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
    return finish(state, goal, phrase("cart.coupon_applied", code=str(code)), *sum_told(cart))
