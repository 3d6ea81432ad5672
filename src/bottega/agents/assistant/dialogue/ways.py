"""Ways to deliver and ways to pay: how they are named, and which one words choose."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from rapidfuzz import fuzz

from bottega.agents.assistant.dialogue.products import money
from bottega.agents.assistant.language.patterns import says
from bottega.agents.assistant.language.slots.references import LIKENESS, SHORTEST_FUZZY_WORD, Shown, reference
from bottega.agents.assistant.language.slots.said import words_of

Method = Mapping[str, Any]
Instrument = Mapping[str, Any]
OtherWay = Literal["payment_page", "bank_transfer", "gift_card"]

_COLLECTION = "collection"
# Words of a method's name that tell it from no other.
_OF_EVERY_METHOD = frozenset({"delivery", "shipping", "in", "the", "at", "to"})


def method_told(method: Method, currency: str) -> str:
    """ "Standard delivery (5.90 EUR, 2 to 3 days)" """
    amount = int(method.get("amount_minor", 0))
    costs = money(amount, currency) if amount else "free"
    shortest, longest = method.get("minimum_days"), method.get("maximum_days")
    if not shortest or not longest:
        return f"{method['name']} ({costs})"
    unit = "day" if longest == 1 else "days"
    days = f"{shortest} to {longest} {unit}" if shortest != longest else f"{longest} {unit}"
    return f"{method['name']} ({costs}, {days})"


def method_named(text: str, methods: Sequence[Method]) -> Method | None:
    """The method that the words choose: by its name, by price, by speed, by collecting or by its place in the list."""
    said = set(words_of(text))
    if not said:
        return None
    shares = [(_named_share(said, method), method) for method in methods]
    most = max(share for share, _ in shares)
    by_name = [method for share, method in shares if share == most > 0]
    if len(by_name) == 1:
        return by_name[0]
    delivered = [method for method in methods if method.get("kind") != _COLLECTION]
    if says(text, "shipping.free"):
        return next((method for method in methods if not method.get("amount_minor")), None)
    if says(text, "shipping.cheap"):
        return min(delivered or methods, key=lambda method: int(method.get("amount_minor", 0)))
    if says(text, "shipping.fast"):
        return min(delivered, key=lambda method: int(method.get("maximum_days") or 99), default=None)
    if says(text, "shipping.collect"):
        return next((method for method in methods if method.get("kind") == _COLLECTION), None)
    found = reference(text, [Shown(str(place), str(method["name"])) for place, method in enumerate(methods)])
    return methods[int(found.handles[0])] if found is not None and found.by == "place" else None


def _named_share(said: set[str], method: Method) -> float:
    """How much of what tells the method's name apart is said, slips of the fingers aside: to name a store's town is not
    yet to collect there."""
    telling = [word for word in words_of(str(method["name"])) if word not in _OF_EVERY_METHOD]
    named = [word for word in telling if word in said or _is_meant(word, said)]
    is_named = bool(named) and (named[0] == telling[0] or 2 * len(named) >= len(telling))
    return len(named) / len(telling) if is_named else 0.0


def _is_meant(word: str, said: set[str]) -> bool:
    long = [one for one in said if len(one) >= SHORTEST_FUZZY_WORD]
    return len(word) >= SHORTEST_FUZZY_WORD and any(fuzz.ratio(word, one) >= LIKENESS for one in long)


def instrument_name(instrument: Instrument) -> str:
    """ "Visa ending in 4242" """
    kind = str(instrument.get("brand") or instrument.get("kind") or "card").replace("_", " ").capitalize()
    digits = instrument.get("last_four")
    return f"{kind} ending in {digits}" if digits else kind


def instrument_named(text: str, stored: Sequence[Instrument]) -> Instrument | OtherWay | None:
    """The stored instrument that is meant, another way to pay, or None when it is not clear."""
    plain = text.lower()
    if not plain.strip():
        return None
    for name in ("last_four", "brand", "kind"):
        found = [one for one in stored if one.get(name) and str(one[name]).lower().replace("_", " ") in plain]
        if len(found) == 1:
            return found[0]
    if says(text, "paying.page"):
        return "payment_page"
    if says(text, "paying.transfer"):
        return "bank_transfer"
    if says(text, "paying.gift"):
        return "gift_card"
    cards = [one for one in stored if one.get("kind") != "gift_card"]
    return cards[0] if len(cards) == 1 and says(text, "paying.stored") else None
