"""Questions about a product: what its record says, whether a variant is there, how products differ."""

import re
from collections.abc import Mapping, Sequence

from bottega.agents.assistant.dialogue import products
from bottega.agents.assistant.dialogue.attributes import (
    asked_about,
    first_sentences,
    in_words,
    sentences_about,
    valued,
    vouched,
    words_around,
)
from bottega.agents.assistant.dialogue.goals.choosing import chosen_options, product_of
from bottega.agents.assistant.dialogue.here import Here, missing_tool, refused
from bottega.agents.assistant.dialogue.json_values import record, records, values
from bottega.agents.assistant.dialogue.move import Call, Step, ask, finish, phrase, verbatim
from bottega.agents.assistant.dialogue.naming import without_names
from bottega.agents.assistant.dialogue.products import Product, enumerated, money
from bottega.agents.assistant.dialogue.state import Asked, Goal, Item, Json, Part, State
from bottega.agents.assistant.language.patterns import says
from bottega.agents.assistant.language.slots.options import options, unoffered
from bottega.agents.assistant.language.slots.said import plainly, words_of

ATTRIBUTES_TOLD = 4
DIFFERENCES_TOLD = 6
COMPARED_WHEN_NAMED = 2


def advance(state: State, goal: Goal, here: Here) -> Step:
    """Answers from the product's record; what the record does not say is not said."""
    product = product_of(state, goal, here)
    if isinstance(product, Step):
        return product
    question = plainly(goal.words)
    if not words_of(without_names(question, state)):
        # Nothing but its name was said.
        question = f"{question}, tell me more"
    state = _in_focus(state, product)
    parts = [*_plain_facts(question, product), *_attributes(question, product)]
    if not parts:
        parts = _from_description(question, product)
    lead = phrase("product.about", title=products.reference_of(product))
    return finish(state, goal, lead, *parts, shows=(str(product.get("id", goal.slot("product"))),))


def _in_focus(state: State, product: Product) -> State:
    handle = str(product.get("id", ""))
    if not any(item.handle == handle for item in state.shown):
        return state.showing((products.item(product),))
    # The detail knows colours that the card did not.
    shown = tuple(products.item(product) if item.handle == handle else item for item in state.shown)
    return state.model_copy(update={"shown": shown, "focus": (handle,)})


def _plain_facts(question: str, product: Product) -> list[Part]:
    parts: list[Part] = []
    price, currency = products.price_of(product)
    if says(question, "products.price") and price is not None:
        prices = [v["price_minor"] for v in products.variants(product) if isinstance(v.get("price_minor"), int)]
        if prices and max(prices) > price:
            parts.append(
                phrase("product.price_range", price=money(price, currency), highest=money(max(prices), currency))
            )
        else:
            parts.append(phrase("product.price", price=money(price, currency)))
    offered = products.options_of(product)
    for kind, names in (("colours", ("colour", "color")), ("sizes", ("size", "length"))):
        name = next((name for name in names if name in offered), None)
        if says(question, f"products.{kind}") and name is not None:
            parts.append(_values(question, product, name))
    if says(question, "products.reviews"):
        parts.append(_rating(product))
    return parts


def _values(question: str, product: Product, name: str) -> Part:
    """What there is of an option: with other values named, what goes with these and is there."""
    chosen = {other: value for other, value in options(question, products.options_of(product)).items() if other != name}
    fitting = [variant for variant in products.matching(product, chosen) if products.available(variant) > 0]
    there = list(dict.fromkeys(products.values_of(variant).get(name, "") for variant in fitting))
    if not chosen or not there:
        return phrase("product.values", option=name, values=enumerated(products.options_of(product)[name]))
    return phrase("product.values_there", option=name, values=enumerated(there), chosen=" ".join(chosen.values()))


def _rating(product: Product) -> Part:
    rating = record(product.get("rating"))
    average: Json = rating.get("average") if rating else product.get("rating")
    count: Json = rating.get("count") if rating else product.get("reviews")
    if not average or not count:
        return phrase("product.no_reviews")
    return phrase("product.rating", average=valued(average), count=str(count))


def _attributes(question: str, product: Product) -> list[Part]:
    attributes: Mapping[str, Json] = product.get("attributes") or {}
    names = asked_about(question, attributes)[:ATTRIBUTES_TOLD]
    told = [in_words(name, attributes[name]) for name in names]
    chosen = options(question, products.options_of(product))
    meant = products.matching(product, chosen) or products.variants(product)
    weights = {int(v["weight_grams"]) for v in meant if v.get("weight_grams")}
    if says(question, "products.weight") and weights and not any("weight" in name for name in names):
        low, high = min(weights), max(weights)
        told.insert(0, f"weight: {low} g" if low == high else f"weight: {low} g to {high} g")
    if not told:
        return []
    listed = "; ".join(told)
    if _asks_for_a_number_of(question) and not any(_holds_unit(one, question) for one in told):
        # Something else is noted: better than nothing, but no answer.
        return [phrase("product.not_that_but", known=listed)]
    parts = [verbatim(f"{listed[0].upper()}{listed[1:]}.")]
    if all(isinstance(attributes[name], bool) for name in names):
        # Yes or no is little: what the description says of it comes along.
        found = sentences_about(
            f"{question} {words_around(question)}", valued(product.get("description") or ""), limit=1
        )
        found = vouched(found, product)
        parts += [_described(found)] if found else []
    return parts


_HOW_MANY = re.compile(r"\bhow many (hours|minutes|days|litres|liters|watts|grams|kilos|metres|people|persons)\b")


def _asks_for_a_number_of(question: str) -> bool:
    return _HOW_MANY.search(question) is not None


def _holds_unit(told: str, question: str) -> bool:
    """Whether what is told is in the unit that was asked for."""
    found = _HOW_MANY.search(question)
    unit = found.group(1) if found is not None else ""
    same = {
        "persons": ("people", "persons", "sleeps"),
        "people": ("people", "persons", "sleeps"),
        "liters": ("l", "litres"),
    }
    names = same.get(unit, (unit, unit.removesuffix("s"), unit[:1], "kg" if unit == "kilos" else unit))
    return any(word in names for word in words_of(told))


def _from_description(question: str, product: Product) -> list[Part]:
    description = valued(product.get("description") or "")
    found = vouched(sentences_about(question, description), product)
    if found:
        return [_described(found)]
    beginning = vouched(first_sentences(description), product)
    if says(question, "products.everything") and beginning:
        price, currency = products.price_of(product)
        costs = [phrase("product.price", price=money(price, currency))] if price is not None else []
        values = [
            phrase("product.values", option=name, values=enumerated(found))
            for name, found in products.options_of(product).items()
        ]
        return [_described(beginning), *costs, *values]
    return [phrase("product.not_recorded")]


def _described(sentences: Sequence[str]) -> Part:
    """Sentences of a description, told as such: suppliers write them too."""
    return phrase("product.described", text=" ".join(sentences))


def advance_stock(state: State, goal: Goal, here: Here) -> Step:
    """Whether what was named can be ordered now, and what else can."""
    asks_when = says(goal.words, "products.restock") and says(goal.words, "products.when")
    if asks_when and goal.slot("product") is None and goal.slot("named") is None:
        return finish(state, goal, phrase("stock.no_date"))
    product = product_of(state, goal, here)
    if isinstance(product, Step):
        return product
    handle = str(goal.slot("product"))
    call = Call("check_inventory", {"product_id": handle})
    step = here.ready(state, call)
    if step is not None:
        return step
    result = here.read(call)
    if result is not None and result.failed:
        return finish(state, goal, *refused(result))
    if result is not None:
        product = _with_inventory(product, result.record)
    state = _in_focus(state, product)
    no_date = (phrase("stock.no_date"),) if asks_when else ()
    return finish(state, goal, *_stock_told(goal, product), *no_date, shows=(handle,))


def _with_inventory(product: Product, inventory: Mapping[str, Json]) -> Product:
    counted = {
        str(variant.get("id") or variant.get("variant_id")): variant.get("available", 0)
        for variant in products.variants(inventory)
    }
    variants = [
        {**variant, "available": counted.get(str(variant.get("id")), variant.get("available", 0))}
        for variant in products.variants(product)
    ]
    return {**product, "variants": variants}


def _stock_told(goal: Goal, product: Product) -> list[Part]:
    title = products.reference_of(product)
    offered = products.options_of(product)
    wrong = unoffered(goal.words, offered)
    chosen = chosen_options(goal, product)
    name = next((name for name in wrong if name not in chosen), None)
    if name is not None:
        values = enumerated(offered[name])
        return [
            phrase("product.not_offered", title=title, option=name, value=wrong[name]),
            phrase("product.values", option=name, values=values),
        ]
    fitting = products.matching(product, chosen)
    there = [variant for variant in fitting if products.available(variant) > 0]
    described = " ".join(chosen.values())
    if len(there) == 1:
        values = {"title": title, "count": str(products.available(there[0]))}
        variant = products.variant_name(there[0])
        told = phrase("stock.one", **values, variant=variant) if variant else phrase("stock.one_plain", **values)
        return [told, *_costs(product, there)]
    if there:
        key = "stock.some_chosen" if described else "stock.some"
        names = enumerated([products.variant_name(variant) for variant in there[:12]])
        return [
            phrase(key, title=title, variants=names, chosen=described),
            *(_costs(product, there) if described else []),
        ]
    others = [v for v in products.variants(product) if products.available(v) > 0]
    if described and others:
        names = enumerated([products.variant_name(variant) for variant in others[:12]])
        return [phrase("stock.sold_out_chosen", title=title, chosen=described), phrase("stock.others", variants=names)]
    return [phrase("stock.sold_out", title=title)]


def _costs(product: Product, variants: Sequence[Mapping[str, Json]]) -> list[Part]:
    """What the product's variants cost, when that is the same for these."""
    amounts = {one.get("price_minor") for one in variants}
    amount = next(iter(amounts))
    if len(amounts) > 1 or not isinstance(amount, int):
        return []
    return [phrase("product.price", price=money(amount, products.price_of(product)[1]))]


def advance_comparison(state: State, goal: Goal, here: Here) -> Step:
    """Sets products side by side by what their records differ in; what was asked for comes first."""
    handles: Sequence[str] = goal.slot("products") or ()
    named = goal.slot("named")
    if len(handles) < 2 and named and here.results.offers("search_products"):
        looking = Call("search_products", {"query": named, "limit": COMPARED_WHEN_NAMED})
        step = here.ready(state, looking)
        if step is not None:
            return step
        found = here.read(looking)
        items = () if found is None else tuple(products.item(product) for product in products.listed(found.content))
        known = tuple(item for handle in handles if (item := state.item(handle)) is not None)
        # Beside one that is known, the first other that was found; else the two that were.
        others = tuple(item for item in items if item.handle not in handles)
        items = (*known, *others[: COMPARED_WHEN_NAMED - len(known)])
        state = state.showing(items)
        handles = [item.handle for item in items]
        if len(items) == 1:
            return finish(state, goal, phrase("search.one", title=f"[{handles[0]}]"), shows=tuple(handles))
        if not items:
            return finish(state, goal, phrase("search.nothing"))
    if len(handles) < 2 and len(state.shown) == 1 and not named:
        # "Which is the warmest" of one: what there is to say of it.
        only = Goal(kind="advise", slots={"product": state.shown[0].handle}, words=goal.words)
        return Step(state.without(goal.id).with_goal(only))
    if len(handles) < 2:
        titles = tuple(item.title for item in state.shown)
        shown = tuple(item.handle for item in state.shown)
        return ask(state, goal, Asked(what="product", handles=shown), phrase("compare.which"), choices=titles[:8])
    if not here.results.offers("compare_products"):
        return missing_tool(state, goal)
    call = Call("compare_products", {"product_ids": list(handles)})
    step = here.ready(state, call)
    if step is not None:
        return step
    result = here.read(call)
    if result is None or result.failed:
        return finish(state, goal, *(refused(result) if result is not None else (phrase("talk.no_tool"),)))
    compared = products.listed(result.content) or [{"id": handle} for handle in handles]
    state = _set_beside(state, handles, compared, result.record)
    parts = [verbatim(line) for line in _differences(goal.words, compared, result.record)]
    if not parts:
        named = enumerated([products.reference_of(product) for product in compared])
        return finish(state, goal, phrase("compare.alike", products=named), shows=tuple(handles))
    lead = phrase("compare.lead")
    return finish(state, goal, lead, *parts, shows=tuple(handles))


def _set_beside(state: State, handles: Sequence[str], compared: Sequence[Product], result: Mapping[str, Json]) -> State:
    """The state with these shown and in focus, each known by what it alone has: "the one with the rain cover"."""
    rows = _rows(compared, result)
    items: list[Item] = []
    for place, handle in enumerate(handles):
        known = state.item(handle)
        if known is None:
            continue
        has = [name for name, held in rows.items() if held[place] is True and held.count(True) == 1]
        own = tuple(word for name in has for word in words_of(name.replace("_", " ")))
        grams = _weight(compared[place]) or known.grams
        items.append(known.model_copy(update={"words": (*own, *known.words), "grams": grams}))
    return state.showing(tuple(items), focus=tuple(handles))


def _differences(question: str, compared: Sequence[Product], result: Mapping[str, Json]) -> list[str]:
    titles = [products.reference_of(product) for product in compared]
    rows = _rows(compared, result)
    wanted = asked_about(question, rows)
    # What was asked for comes first, then the price, then what is noted down for all of them.
    others = [name for name in rows if name not in wanted]
    others.sort(key=lambda name: (name != "price", any(value is None for value in rows[name])))
    order = [*wanted, *(others[:1] if wanted else others)]
    lines: list[str] = []
    for name in order:
        values = rows[name]
        if len({valued(value) for value in values}) < 2:
            continue
        told = enumerated(
            [f"{title} {in_words(name, value).partition(': ')[2]}" for title, value in zip(titles, values, strict=True)]
        )
        label = in_words(name, "").partition(":")[0]
        lines.append(f"{label[:1].upper()}{label[1:]}: {told}.")
        if len(lines) == DIFFERENCES_TOLD:
            break
    return lines


def _weight(product: Product) -> int:
    """What its lightest variant weighs, in grams; 0 when that is not noted down."""
    return min((int(v["weight_grams"]) for v in products.variants(product) if v.get("weight_grams")), default=0)


def _rows(compared: Sequence[Product], result: Mapping[str, Json]) -> dict[str, list[Json]]:
    """Values by name, one for each product in order: price, attributes, or the rows that the tool gives."""
    rows: dict[str, list[Json]] = {}
    prices = [products.price_of(product) for product in compared]
    if all(price is not None for price, _ in prices):
        rows["price"] = [money(price or 0, currency) for price, currency in prices]
    weights = [_weight(product) for product in compared]
    if all(weights):
        rows["weight"] = [f"{weight} g" for weight in weights]
    for row in records(result.get("rows") or result.get("differences")):
        by_product = record(row.get("values"))
        listed = list(by_product.values()) if by_product else list(values(row.get("values")))
        name = str(row.get("name") or row.get("attribute"))
        if len(listed) == len(compared) and not name.endswith("_minor"):
            rows.setdefault(name, listed)
    attributes = [record(product.get("attributes")) for product in compared]
    for name in dict.fromkeys(name for held in attributes for name in held):
        rows.setdefault(name, [held.get(name) for held in attributes])
    return rows
