"""Reading a cart: what lies in it, what it comes to, and which of its lines somebody speaks of."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bottega.agents.assistant.dialogue import products
from bottega.agents.assistant.dialogue.here import Here, missing_tool, refused
from bottega.agents.assistant.dialogue.json_values import record, records
from bottega.agents.assistant.dialogue.move import Call, Step, finish, phrase
from bottega.agents.assistant.dialogue.products import money
from bottega.agents.assistant.dialogue.results import Results
from bottega.agents.assistant.dialogue.state import Goal, Item, Json, Part, State
from bottega.agents.assistant.language.lexicon import lexicon
from bottega.agents.assistant.language.product_names import spoken
from bottega.agents.assistant.language.slots.options import ANY, options
from bottega.agents.assistant.language.slots.references import Reference, Shown, reference
from bottega.agents.assistant.language.slots.said import plainly

Cart = Mapping[str, Json]
LINES_KEPT = 12
_TELL_CART = frozenset(
    {"get_cart", "add_to_cart", "change_cart_line", "set_cart_contact", "choose_shipping", "apply_coupon"}
)


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
    """Its lines."""
    return records(cart.get("lines"))


def knowing_cart(state: State, results: Results) -> State:
    """The state with what lies in the cart, as this turn's newest result that tells it says."""
    for result in reversed(results.answered):
        if result.tool == "create_order" and result.succeeded:
            return state.model_copy(update={"cart": ()})
        tells = result.tool in _TELL_CART and result.succeeded
        cart: Mapping[str, Any] = cart_in(result.record) if tells else {}
        if "lines" in cart:
            held = [_line_item(line, state, str(cart.get("currency", ""))) for line in lines_of(cart)]
            country = str(cart.get("country") or cart.get("reckoned_for") or state.country)
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


def total_of(content: Mapping[str, Json]) -> str:
    """What a cart comes to, in words; nothing when that is not known."""
    cart = cart_in(content)
    amount = cart.get("total_minor", cart.get("subtotal_minor"))
    return money(int(amount), str(cart.get("currency", ""))) if isinstance(amount, int) else ""


def sum_told(content: Mapping[str, Json]) -> list[Part]:
    """What a cart comes to; with a discount, how goods, delivery and discount make the sum."""
    cart, total = cart_in(content), total_of(content)
    if not total:
        return []
    currency = str(cart.get("currency", ""))
    goods, off, delivery = (cart.get(f"{name}_minor") for name in ("subtotal", "discount_shown", "shipping_shown"))
    if not isinstance(goods, int) or not isinstance(off, int) or off <= 0:
        return [phrase("cart.comes_to", total=total)]
    fields = {"goods": money(goods, currency), "discount": money(off, currency), "total": total}
    if isinstance(delivery, int) and delivery:
        return [phrase("cart.comes_to_less_delivered", delivery=money(delivery, currency), **fields)]
    return [phrase("cart.comes_to_less", **fields)]


def discount_told(content: Mapping[str, Json]) -> list[Part]:
    """Where a discount comes from, if there is one."""
    cart = cart_in(content)
    off = cart.get("discount_shown_minor")
    if not isinstance(off, int) or off <= 0:
        return []
    discount, code = money(off, str(cart.get("currency", ""))), str(cart.get("coupon_code") or "")
    if code and not cart.get("coupon_refused"):
        return [phrase("cart.off_by_code", discount=discount, code=code)]
    return [phrase("cart.off_by_itself", discount=discount)]


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


def becomes(said: str, offered: Mapping[str, Sequence[str]], *, asked: str | None = None) -> dict[str, str]:
    """The values that a line is to have: in "red instead of navy" that is red, in "I meant L" L."""
    plain = re.sub(r"\b(?:instead of|rather than|not)\s+(?:the\s+|in\s+)?[\w-]+", " ", said)
    asked = asked or (next(iter(offered)) if len(offered) == 1 else "size" if "size" in offered else None)
    return {name: value for name, value in options(plain, offered, asked=asked).items() if value != ANY}


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
