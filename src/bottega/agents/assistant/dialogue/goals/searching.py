"""Searching and refining: from the customer's words to products that are shown."""

import re
from collections.abc import Collection, Mapping

from bottega.agents.assistant.dialogue import products
from bottega.agents.assistant.dialogue.here import Here, missing_tool, refused
from bottega.agents.assistant.dialogue.move import Call, Step, finish, need, phrase, verbatim
from bottega.agents.assistant.dialogue.state import Goal, Item, Json, State
from bottega.agents.assistant.language.lexicon import lexicon
from bottega.agents.assistant.language.patterns import pattern, says, without
from bottega.agents.assistant.language.slots.money import bounds, without_bounds
from bottega.agents.assistant.language.slots.said import first_held, holds, plainly, tidied, words_of

SHOWN_AT_ONCE = 5
LONGEST_QUERY_CHARACTERS = 300
# So soon after "I need" stands what is needed.
WORDS_THAT_NAME = 4


def search_for(text: str, currency: str, known_words: Collection[str] = ()) -> Goal:
    """A new search in the customer's own words; `known_words` of them stand in titles."""
    # A price range travels as numbers; what is left without it is what is looked for.
    wanted = named_by_wish(wanted_in(text), known_words)
    slots: dict[str, Json] = {"query": (without_bounds(wanted) or wanted)[:LONGEST_QUERY_CHARACTERS]}
    if says(text, "searching.cheapest_first"):
        slots["sort"] = "price"
    return Goal(kind="search", slots={**slots, **_bounds(text, currency)})


_SENTENCE = re.compile(r"(?<=[.!?;])\s+")


def wanted_in(text: str) -> str:
    """The text without sentences that say what something is not, or who does not need it, when others are left: "those
    are tents, no? I asked for a sleeping bag"."""
    sentences = _SENTENCE.split(text)
    wanted = [one for one in sentences if not says(one, "searching.comment")]
    return " ".join(wanted) if wanted and len(wanted) < len(sentences) else text


def named_by_wish(text: str, known_words: Collection[str]) -> str:
    """The text from the words on that say what is wanted, when these name a thing of ours: "we go camping, I need a
    sleeping bag" looks for no camping. Without such words the whole text."""
    found = pattern("searching.wish").search(plainly(text))
    if found is None:
        return text
    rest = tidied(text)[found.end() :].strip(" ,")
    following = words_of(rest)[:WORDS_THAT_NAME]
    return rest if any(word in known_words for word in following) else text


def refined(text: str, state: State) -> Goal:
    """The last search narrowed, widened or turned by what was said after it."""
    last: dict[str, Json] = {name: value for name, value in state.last_search.items() if name != "offset"}
    prices = [item.price_minor for item in state.shown if item.price_minor is not None]
    in_focus = [item.price_minor for item in state.shown if item.handle in state.focus and item.price_minor is not None]
    currency = next((item.currency for item in state.shown if item.currency), "EUR")
    named = _bounds(text, currency)
    if named:
        last = {
            **{name: value for name, value in last.items() if name not in ("minimum_minor", "maximum_minor")},
            **named,
        }
    elif says(text, "searching.no_price_limit"):
        last = {name: value for name, value in last.items() if name not in ("minimum_minor", "maximum_minor")}
    elif says(text, "searching.cheaper") and prices:
        last = {**last, "maximum_minor": max(1, min(in_focus or prices) - 1)}
    elif says(text, "searching.dearer") and prices:
        last = {**last, "minimum_minor": max(in_focus or prices) + 1}
        last.pop("maximum_minor", None)
    query = _turned(_kept(str(last.get("query", "")), text, state), without_bounds(wanted_in(text)))
    return Goal(kind="search", slots={**last, "query": query[-LONGEST_QUERY_CHARACTERS:], "refines": True})


def more(state: State) -> Goal:
    """The next results of the last search."""
    offset = int(state.last_search.get("offset", 0)) + SHOWN_AT_ONCE
    return Goal(kind="search", slots={**state.last_search, "offset": offset})


def _bounds(text: str, currency: str) -> dict[str, Json]:
    found = bounds(text, currency or "EUR")
    if found is None:
        return {}
    named = {"minimum_minor": found.least_minor, "maximum_minor": found.most_minor}
    return {name: value for name, value in named.items() if value is not None}


_PERSONS = re.compile(
    r"(?i)\bfor (?:a |an )?(?:\d+|one|two|three|four|five|six|seven|eight)(?: (?:people|persons|of us))?\b"
)


def _kept(query: str, text: str, state: State) -> str:
    """What of the last search still holds: of another one of the kind only the kind, of another brand all but the
    brand, and for another number of people all but the old number."""
    if says(text, "searching.another_kind"):
        kinds = {word.rstrip("s") for item in state.shown for word in item.kinds}
        kept = [word for word in query.split() if word.lower().strip(",.").rstrip("s") in kinds]
        query = " ".join(kept) or query
    if says(text, "searching.same_but"):
        brands = {word for item in (*state.shown, *state.seen) for word in item.brand.split()}
        query = " ".join(word for word in query.split() if word.lower().strip(",.") not in brands)
    return _PERSONS.sub(" ", query) if _PERSONS.search(text) else query


def _turned(query: str, text: str) -> str:
    """The query with what was added; a new colour takes the place of the old one."""
    added = without(text, "searching.filler", "searching.dearer", "searching.cheaper").strip(" ,.!?")
    colours = (*lexicon().colours, "navy", "olive")
    if first_held(added, colours) is not None:
        for colour in colours:
            if holds(plainly(query), colour):
                query = re.sub(rf"(?i)\b{colour}\b", "", query)
    return " ".join(f"{query} {added}".split())


def advance(state: State, goal: Goal, here: Here) -> Step:
    """Searches, and shows what was found; says so when nothing was."""
    if not here.results.offers("search_products"):
        return missing_tool(state, goal)
    call = call_for(goal.slots)
    result = here.read(call)
    if result is None:
        return need(state, here.results.fitting(call))
    if result.failed:
        return finish(state, goal, *refused(result))
    found = list(products.listed(result.content))
    if goal.slot("sort") == "price":
        # Among the best matches only: the shop's cheapest things of all are seldom what was meant.
        found.sort(key=lambda product: products.price_of(product)[0] or 0)
    found = found[:SHOWN_AT_ONCE]
    kept = {name: value for name, value in goal.slots.items() if name != "refines"}
    state = state.model_copy(update={"last_search": kept})
    if not found:
        # After more of the same, what was shown stays what one speaks about.
        return _nothing(state if goal.slot("offset") else state.showing(()), goal)
    items = tuple(products.item(product) for product in found)
    relaxed = result.record.get("relaxed")
    state = state.showing(items)
    key = "search.more" if goal.slot("offset") else "search.one" if len(items) == 1 else "search.found"
    listed = [f"[{item.handle}]{_price(item)}" for item in items]
    parts = [phrase(key, count=str(len(items)), title=listed[0])]
    if len(items) > 1:
        parts.append(verbatim(f"{products.enumerated(listed)}."))
    if isinstance(relaxed, list) and relaxed:
        parts.insert(0, phrase("search.relaxed"))
    choices = ("Show more", "Cheaper ones") if len(items) == SHOWN_AT_ONCE else ()
    return finish(state, goal, *parts, shows=tuple(item.handle for item in items), choices=choices)


def _price(item: Item) -> str:
    return "" if item.price_minor is None else f" ({products.money(item.price_minor, item.currency)})"


def call_for(slots: Mapping[str, Json]) -> Call:
    """The search's call."""
    named = ("query", "minimum_minor", "maximum_minor", "in_stock", "offset")
    arguments = {name: slots[name] for name in named if slots.get(name) is not None}
    return Call("search_products", {**arguments, "limit": SHOWN_AT_ONCE})


def _nothing(state: State, goal: Goal) -> Step:
    if goal.slot("offset"):
        return finish(state, goal, phrase("search.no_more"))
    if goal.slot("maximum_minor") is not None and goal.slot("refines"):
        return finish(state, goal, phrase("search.nothing_cheaper"))
    return finish(state, goal, phrase("search.nothing"))
