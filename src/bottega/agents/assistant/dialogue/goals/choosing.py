"""Choosing among what is known: which product, which variant of it, which order."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date

from rapidfuzz import fuzz

from bottega.agents.assistant.dialogue import orders, products
from bottega.agents.assistant.dialogue.here import Here, refused
from bottega.agents.assistant.dialogue.json_values import record
from bottega.agents.assistant.dialogue.move import Call, Step, ask, finish, phrase
from bottega.agents.assistant.dialogue.orders import Order
from bottega.agents.assistant.dialogue.products import Product, enumerated
from bottega.agents.assistant.dialogue.state import Asked, AsksFor, Goal, Json, Mention, Part, State
from bottega.agents.assistant.language.patterns import says
from bottega.agents.assistant.language.slots.dates import days
from bottega.agents.assistant.language.slots.numbers import order_numbers
from bottega.agents.assistant.language.slots.options import ANY, options, unoffered
from bottega.agents.assistant.language.slots.references import Reference, Shown, reference
from bottega.agents.assistant.language.slots.said import plainly

CHOICES_LIMIT = 8
LOOKED_AT = 4
NAMED_LIKENESS = 92
LIKE_AT_ALL = 0.75
WORDS_OF_A_TITLE = 3
# Of an order among others, so many of its goods are named.
TITLES_NAMED = 3


def refer(text: str, state: State) -> Reference | None:
    """The products that the text refers to: by their names, or among those that were shown."""
    named = mentioned_in(text, state)
    if named is not None:
        return named
    found = reference(text, [item.as_shown() for item in state.shown], focus=state.focus)
    if found is not None and found.by != "pronoun":
        return found
    before = [item.as_shown() for item in state.seen if item not in state.shown]
    earlier = reference(text, before)
    return earlier if earlier is not None and earlier.by == "name" and not earlier.is_ambiguous else found


def mentioned_in(text: str, state: State) -> Reference | None:
    """The products that the text calls by their names. Of several that a name could mean, one that was shown before is
    meant; a name that fits several in the end is ambiguous."""
    plain = plainly(text)
    here = [mention for mention in state.mentioned if plainly(mention.words) in plain]
    if not here:
        return None
    chosen = [_spoken_of(mention, state) for mention in here]
    if len(chosen) == 1:
        return Reference(chosen[0], "name", is_ambiguous=len(chosen[0]) > 1)
    handles = tuple(dict.fromkeys(handles[0] for handles in chosen))
    return Reference(handles, "name")


def _spoken_of(mention: Mention, state: State) -> tuple[str, ...]:
    both = (*mention.handles, *mention.also)
    if len(both) == 1:
        return both
    for known in (state.focus, tuple(item.handle for item in state.shown)):
        among = tuple(handle for handle in both if handle in known)
        if len(among) == 1:
            return among
    looked_for = {word.rstrip("s") for word in plainly(str(state.last_search.get("query") or "")).split()}
    of_kind = tuple(
        handle
        for handle in mention.handles
        if (item := state.item(handle)) is not None and looked_for & {word.rstrip("s") for word in item.words}
    )
    return of_kind if len(of_kind) == 1 else mention.handles


def product_of(state: State, goal: Goal, here: Here) -> Product | Step:
    """The goal's product with its details, or the question which one, or the call that reads it."""
    handle = goal.slot("product")
    if handle is None:
        return which_product(state, goal, here)
    call = Call("get_product", {"product_id": handle})
    step = here.ready(state, call)
    if step is not None:
        return step
    result = here.read(call)
    if result is None or result.failed:
        parts = refused(result) if result is not None else (phrase("talk.no_tool"),)
        return finish(state, goal, *parts)
    return result.record


def which_product(state: State, goal: Goal, here: Here) -> Step:
    """Looks for a product that was named, or asks which is meant, among those shown if there are any."""
    named = goal.slot("named")
    if named is not None and here.results.offers("search_products"):
        return _look_for(state, goal, here, str(named))
    among = goal.slot("among") or [item.handle for item in state.shown]
    items = [item for handle in among if (item := state.item(handle)) is not None][:CHOICES_LIMIT]
    if not items:
        return ask(state, goal, Asked(what="product"), phrase("ask.product"))
    asked = Asked(what="product", handles=tuple(item.handle for item in items))
    shows = asked.handles if goal.slot("among") else ()
    state = state.showing(tuple(items), focus=()) if shows else state
    titles = tuple(item.title for item in items)
    return ask(state, goal, asked, phrase("ask.which_product"), shows=shows, choices=titles)


def _look_for(state: State, goal: Goal, here: Here, named: str) -> Step:
    """The product of that name when the search finds it; else what was found, and the question whether it is one."""
    call = Call("search_products", {"query": named, "limit": LOOKED_AT})
    step = here.ready(state, call)
    if step is not None:
        return step
    result = here.read(call)
    found = [] if result is None or result.failed else list(products.listed(result.content)[:LOOKED_AT])
    goal = goal.having(named=None)
    if not found:
        return ask(state.with_changed(goal), goal, Asked(what="product"), phrase("ask.product_not_found", name=named))
    items = tuple(products.item(product) for product in found)
    best = [item for item in items if title_says(item.title, named)]
    if not best and _is_title(named, goal.words) and max(_likeness(item.title, named) for item in items) < LIKE_AT_ALL:
        # Something of that name is not to be had; what is like it is shown.
        kinds = {word.rstrip("s") for item in items for word in item.kinds}
        kind = " ".join(word for word in plainly(named).split() if word.rstrip("s") in kinds)
        state = state.showing(items, focus=()).model_copy(update={"last_search": {"query": kind or named}})
        shows = tuple(item.handle for item in items)
        return finish(state, goal, phrase("ask.not_sold", name=named), shows=shows)
    if len(best) == 1 or len(items) == 1:
        chosen = best[0] if best else items[0]
        goal = goal.having(product=chosen.handle)
        return Step(state.showing((chosen,)).with_changed(goal))
    state = state.showing(tuple(best or items), focus=()).with_changed(goal)
    asked = Asked(what="product", handles=tuple(item.handle for item in state.shown))
    titles = tuple(item.title for item in state.shown)
    return ask(state, goal, asked, phrase("ask.which_of_found"), shows=asked.handles, choices=titles)


def _is_title(named: str, words: str) -> bool:
    """Whether words are the name of one thing rather than of a kind of things: most of them have capitals."""
    said = plainly(named).split()
    capitals = {word.lower() for word in re.findall(r"\b[A-ZÀ-Ý][\w'-]+", words)}
    return len(said) >= WORDS_OF_A_TITLE and sum(word in capitals for word in said) >= len(said) - 1


def _likeness(title: str, named: str) -> float:
    words = {word.rstrip("s") for word in plainly(title).split()}
    said = [word.rstrip("s") for word in plainly(named).split()]
    return sum(word in words for word in said) / len(said)


def title_says(title: str, named: str) -> bool:
    """Whether all words of a name stand in a title, slips of the fingers aside."""
    words = named.lower().split()
    return bool(words) and fuzz.token_set_ratio(named.lower(), title.lower()) >= NAMED_LIKENESS and len(words) >= 2


def variant_of(state: State, goal: Goal, product: Product) -> Mapping[str, Json] | Step:
    """The variant that the customer's words name, or the question for what is still open.

    What only one value is left for is not asked.
    """
    offered = products.options_of(product)
    chosen = chosen_options(goal, product)
    title = str(product.get("title", ""))
    wrong = {name: value for name, value in unoffered(goal.words, offered).items() if name not in chosen}
    if wrong:
        name, value = next(iter(wrong.items()))
        goal = goal.model_copy(update={"words": ""})
        note = phrase("product.not_offered", title=title, option=name, value=value)
        return _ask_option(state.with_changed(goal), goal, product, name, chosen, note)
    for name in offered:
        values = _possible(product, chosen, name)
        if name not in chosen and len(values) == 1:
            chosen[name] = values[0]
        elif name not in chosen:
            return _ask_option(state, goal, product, name, chosen)
    fitting = products.matching(product, chosen)
    if not fitting:
        # Each value exists, but not together.
        last = list(offered)[-1]
        goal = goal.having(options={name: value for name, value in chosen.items() if name != last}).model_copy(
            update={"words": ""}
        )
        note = phrase("product.not_together", title=title, values=enumerated(list(chosen.values())))
        return _ask_option(state.with_changed(goal), goal, product, last, dict(goal.slot("options") or {}), note)
    there = [variant for variant in products.matching(product, {}) if products.available(variant) > 0]
    if products.available(fitting[0]) <= 0 and there and offered:
        return _ask_another(state, goal, product, chosen)
    return fitting[0]


def _ask_another(state: State, goal: Goal, product: Product, chosen: Mapping[str, str]) -> Step:
    """What was chosen is sold out: the last option for which something else is there is asked anew."""
    names = list(chosen)
    note = phrase("stock.sold_out_chosen", title=str(product.get("title", "")), chosen=" ".join(chosen.values()))
    for kept in range(len(names) - 1, -1, -1):
        rest = {name: chosen[name] for name in names[:kept]}
        if any(products.available(variant) > 0 for variant in products.matching(product, rest)):
            goal = goal.having(options=rest or None, hints=None).model_copy(update={"words": ""})
            return _ask_option(state.with_changed(goal), goal, product, names[kept], rest, note)
    raise AssertionError("something of the product is there")


def chosen_options(goal: Goal, product: Product) -> dict[str, str]:
    """Options named so far: those settled, and those in the goal's words."""
    offered = products.options_of(product)
    settled = {name: str(value) for name, value in record(goal.slot("options")).items() if name in offered}
    # What was searched for counts where nothing else was said: "boots in 42", and then "I'll take them".
    chosen = {**options(str(goal.slot("hints") or ""), offered), **settled, **options(goal.words, offered)}
    return {name: value for name, value in chosen.items() if value != ANY} | {
        name: values[0] for name, value in chosen.items() if value == ANY and (values := _possible(product, {}, name))
    }


def _possible(product: Product, chosen: Mapping[str, str], name: str) -> list[str]:
    """Values of an option that go with what is chosen; those in stock first."""
    fitting = products.matching(product, chosen)
    in_order = [*(v for v in fitting if products.available(v) > 0), *(v for v in fitting if products.available(v) <= 0)]
    return list(
        dict.fromkeys(products.values_of(variant)[name] for variant in in_order if name in products.values_of(variant))
    )


def _ask_option(state: State, goal: Goal, product: Product, name: str, chosen: Mapping[str, str], *notes: Part) -> Step:
    fitting = [variant for variant in products.matching(product, chosen) if products.available(variant) > 0]
    values = list(dict.fromkeys(products.values_of(variant).get(name, "") for variant in fitting))
    values = values or _possible(product, chosen, name)
    order = products.options_of(product).get(name, [])
    values.sort(key=lambda value: order.index(value) if value in order else len(order))
    what: AsksFor = "size" if name == "size" else "colour" if name in ("colour", "color") else "option"
    question = phrase("ask.option", title=str(product.get("title", "")), option=name, values=enumerated(values, "or"))
    asked = Asked(what=what, option=name, choices=tuple(values))
    parts = (*notes, question)
    state = state.model_copy(update={"focus": (str(goal.slot("product")),)}) if goal.slot("product") else state
    return ask(state, goal, asked, *parts, choices=tuple(values[:CHOICES_LIMIT]))


Fits = Callable[[Order], bool]


def order_of(state: State, goal: Goal, here: Here, *, fits: Fits, none_key: str) -> Order | Step:
    """The order that the goal is about, with its lines; or what leads there: signing in, reading, or asking which.

    `fits` says which orders come into question when none is named; `none_key` is said when there is none.
    """
    known = here.identity(state)
    if isinstance(known, Step):
        return known
    number = goal.slot("order")
    if number is None or not known:
        listing = Call("list_orders", {})
        step = here.ready(state, listing)
        if step is not None:
            return step
        result = here.read(listing)
        candidates = [] if result is None or result.failed else list(orders.listed(result.content))
        if not known and not any(number in (None, order.get("number")) for order in candidates):
            # A guest's own orders of this conversation may be spoken about; anything else needs the account.
            return sign_in_first(state)
        if result is None and number is None:
            return ask(state, goal, Asked(what="order"), phrase("ask.order_number"))
        if number is None:
            chosen = _chosen_order(goal, state, candidates, fits, here.today)
            if not isinstance(chosen, str):
                return _which_order(state, goal, chosen, none_key)
            number = chosen
            goal = goal.having(order=number)
            state = state.with_changed(goal)
    call = Call("get_order", {"number": number})
    step = here.ready(state, call)
    if step is not None:
        return step
    result = here.read(call)
    if result is None or result.failed:
        parts = (phrase("order.not_found", number=str(number)),)
        goal = goal.having(order=None).model_copy(update={"words": ""})
        return ask(state.with_changed(goal), goal, Asked(what="order"), *parts)
    return result.record


def _chosen_order(
    goal: Goal, state: State, candidates: Sequence[Order], fits: Fits, today: date | None
) -> str | list[Order]:
    """The number of the one order that is meant, or those that come into question."""
    said = order_numbers(goal.words)
    if said:
        return said[-1]
    fitting = [order for order in candidates if fits(order)]
    others = [order for order in fitting if str(order.get("number")) != state.order_in_focus]
    if says(goal.words, "orders.other") and state.order_in_focus and others:
        return str(others[0]["number"]) if len(others) == 1 else others
    if state.order_in_focus and any(str(order.get("number")) == state.order_in_focus for order in fitting):
        return state.order_in_focus
    named = _order_holding(state, goal, fitting) or named_order(goal.words, fitting, today)
    if named is not None:
        return named
    if not fitting and candidates:
        # None comes into question: the one that is meant can at least be told why not.
        named = named_order(goal.words, candidates, today)
        return named or state.order_in_focus or str(candidates[0]["number"])
    return str(fitting[0]["number"]) if len(fitting) == 1 else fitting


def _order_holding(state: State, goal: Goal, candidates: Sequence[Order]) -> str | None:
    """The one order that holds a product which was called by its name."""
    plain = plainly(goal.words)
    handles = [
        handle
        for mention in state.mentioned
        if plainly(mention.words) in plain
        for handle in (*mention.handles, *mention.also)
    ]
    titles = {item.title for handle in handles if (item := state.item(handle)) is not None}
    holding = [order for order in candidates if titles & set(orders.titles(order))]
    # The newest one is meant where several hold it: whatever is done names the order before it is done.
    return str(holding[0]["number"]) if holding else None


def named_order(text: str, candidates: Sequence[Order], today: date | None) -> str | None:
    """The order that words single out: by its place, its goods or its day."""
    if says(text, "orders.newest"):
        return str(candidates[0]["number"]) if candidates else None
    if today is not None and (named := days(text, today)) is not None:
        placed = [
            order
            for order in candidates
            if named.first.isoformat() <= str(order.get("placed_at", ""))[:10] <= named.last.isoformat()
        ]
        if len(placed) == 1:
            return str(placed[0]["number"])
    shown = [Shown(str(order["number"]), " ".join(orders.titles(order))) for order in candidates]
    # "Them" is no second thing here.
    plain = re.sub(r"(?i)\b(?:them|these|those|it)\b", " ", text)
    found = reference(plain, shown, loosely=True) if any(thing.title for thing in shown) else None
    if found is not None and found.by == "name":
        # Newest first, as the candidates are.
        return next(str(order["number"]) for order in candidates if str(order["number"]) in found.handles)
    return None


def _which_order(state: State, goal: Goal, candidates: Sequence[Order], none_key: str) -> Step:
    if not candidates:
        return finish(state, goal, phrase(none_key))
    shown = candidates[:CHOICES_LIMIT]
    numbers = tuple(str(order["number"]) for order in shown)
    lines = enumerated([_described(order) for order in shown], "or")
    asked = Asked(what="order", handles=numbers)
    return ask(state, goal, asked, phrase("ask.which_order", orders=lines), choices=numbers)


def _described(order: Order) -> str:
    day = str(order.get("placed_at", ""))[:10]
    held = enumerated(list(dict.fromkeys(orders.titles(order)))[:TITLES_NAMED])
    return " ".join([str(order["number"]), *([f"of {day}"] if day else []), *([f"({held})"] if held else [])])


def sign_in_first(state: State) -> Step:
    """Account data only after the customer has proved who they are: that goal comes on top."""
    return Step(state.with_goal(Goal(kind="sign_in")))
