"""What a message means where it was said: its wishes with their intents, yes or no, and the values it names."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from bottega.agents.assistant.dialogue.goals.searching import wanted_in
from bottega.agents.assistant.dialogue.state import State
from bottega.agents.assistant.language.lexicon import lexicon
from bottega.agents.assistant.language.patterns import says
from bottega.agents.assistant.language.slots.answers import Answer, answer
from bottega.agents.assistant.language.slots.contact import emails
from bottega.agents.assistant.language.slots.corrections import Correction, correction
from bottega.agents.assistant.language.slots.numbers import order_numbers
from bottega.agents.assistant.language.slots.said import holds, words_of
from bottega.runtime.models.offline.intents import Guess, IntentReader, Reading
from bottega.runtime.models.offline.splitting import clauses

# Intents that only accompany others: "hello, where is my order" is about the order.
COURTESIES = frozenset(
    {
        "greeting",
        "thanks",
        "small_talk",
        "confirm_yes",
        "confirm_no",
        "give_details",
        "goodbye",
        "help",
        "repeat",
        "preference",
    }
)
# Pairs that are one wish said in two breaths: the first one holds both.
BELONG_TOGETHER: Mapping[str, frozenset[str]] = {
    "product_search": frozenset(
        {
            "refine",
            "product_question",
            "preference",
            "stock_question",
            "more_results",
            "policy_sizing",
            "order_place",
            "shop_info",
        }
    ),
    "refine": frozenset({"product_search", "preference"}),
    "return_request": frozenset({"order_status", "complaint", "refund", "product_question", "order_amend"}),
    "exchange": frozenset(
        {"return_request", "refine", "cart_change", "order_amend", "stock_question", "cart_add", "complaint"}
    ),
    "order_amend": frozenset({"cart_change", "cart_add", "refine", "exchange"}),
    "order_cancel": frozenset({"drop", "confirm_no", "complaint"}),
    "order_status": frozenset({"complaint", "policy_shipping"}),
    "address_change": frozenset({"order_amend", "order_status", "order_place"}),
    "cart_add": frozenset({"refine", "order_place", "product_search"}),
    "complaint": frozenset({"handover", "order_status"}),
    "handover": frozenset({"complaint", "abuse"}),
    "payment_problem": frozenset({"checkout", "complaint", "policy_payment"}),
    "refund": frozenset({"complaint", "order_status"}),
}
# What is likelier where the conversation stands; a factor on the probability.
LIKELIER_WHEN_SHOWN: Mapping[str, float] = {
    "refine": 2.0,
    "cart_add": 2.0,
    "product_question": 1.8,
    "compare": 1.6,
    "more_results": 2.0,
    "stock_question": 1.6,
    "order_amend": 0.6,
    "exchange": 0.6,
}
LIKELIER_WITH_A_CART: Mapping[str, float] = {"checkout": 1.6, "cart_change": 1.5, "coupon": 1.2, "order_place": 1.0}
# Nothing has been shown that these could be about.
UNLIKELIER_AT_FIRST: Mapping[str, float] = {
    "refine": 0.25,
    "more_results": 0.25,
    "cart_change": 0.6,
    "compare": 0.7,
    "give_details": 0.7,
}

# Intents that lead to the same goal, or nearly: what speaks for one speaks for the others.
FAMILIES: tuple[frozenset[str], ...] = (
    frozenset({"return_request", "exchange"}),
    frozenset({"product_search", "refine", "more_results"}),
    frozenset({"product_question", "compare", "stock_question"}),
    frozenset({"policy_refund", "policy_returns"}),
    frozenset({"order_cancel", "drop"}),
    frozenset({"handover", "complaint"}),
    frozenset({"thanks", "goodbye"}),
)

Certainty = Literal["sure", "likely", "unsure"]
# "It is B-10133", "number B-10133 please": no more than that.
WORDS_BESIDE_A_VALUE = 3
WORDS_OF_AN_ASIDE = 4
_TRACKING = re.compile(r"\b(?:where|cancel|return|track|change|status|refund|exchange|when|pay|invoice|what|how)\b|\?")
# "I want to speak to a person about my invoice" is not about the invoice.
HANDOVER_AMONG_OTHERS = 0.05
LIKELY = 0.45
CLEARLY_AHEAD = 0.2
LIKELY_TOGETHER = 0.65


@dataclass(frozen=True, slots=True)
class Wish:
    """One thing that a message wants."""

    text: str
    intent: str
    certainty: Certainty
    probability: float = 1.0
    also: tuple[str, ...] = ()
    """What else it could be, likeliest first."""


@dataclass(frozen=True, slots=True)
class Understood:
    """A message, understood. `text` is without personal placeholders where the runtime gave the original."""

    text: str
    wishes: tuple[Wish, ...]
    answer: Answer | None
    correction: Correction | None
    degraded_because: str = ""

    @property
    def first(self) -> Wish:
        """What it wants first."""
        return self.wishes[0]


async def understand(text: str, state: State, reader: IntentReader) -> Understood:
    """Reads a message in the light of the state; asks the embedder once."""
    corrected = correction(text)
    meant = corrected.instead if corrected is not None and len(corrected.instead.split()) > 1 else text
    meant = wanted_in(meant)
    parts = clauses(meant, lexicon().joints)
    if any(re.match(r"(?i)(?:and |but |so )?(?:if|when) ", part) for part in parts):
        # A condition and what depends on it are one question.
        parts = [meant]
    texts = [meant, *parts] if len(parts) > 1 else [meant]
    readings = await reader.read_all([_without_values(part) for part in texts])
    whole = _wish(meant, readings[0], state)
    wishes = _wishes(whole, [_wish(part, reading, state) for part, reading in zip(parts, readings[1:], strict=False)])
    if len(wishes) == 1 and wishes[0].text == meant:
        # What announces a correction, and what it takes back, tells what it is a correction of.
        wishes = (replace(wishes[0], text=text),)
    return Understood(text, wishes, answer(text), corrected, readings[0].degraded_because)


def _without_values(text: str) -> str:
    """The text as it is read for intents: which order or address of mail it is tells nothing of what is wanted."""
    for value in emails(text):
        text = text.replace(value, "my e-mail")
    for number in order_numbers(text):
        digits = number.removeprefix("B-")
        text = re.sub(
            rf"(?i)(?:\b(?:my|the)\s+)?(?:\border\s+)?(?:\bnumber\s+)?(?:\bb\W?|#)?{digits}\b", "my order", text
        )
    return re.sub(r"\[(?:email|phone|personal|iban)_\d+\]", "my e-mail", text)


def _is_only_values(text: str) -> bool:
    """Whether nothing is said beside the number of an order, or beside an address of mail."""
    if not order_numbers(text) and not emails(text):
        return False
    rest = _without_values(text).lower().replace("my order", " ").replace("my e-mail", " ")
    return len(words_of(rest)) <= WORDS_BESIDE_A_VALUE and not _TRACKING.search(rest)


def _wish(text: str, reading: Reading, state: State) -> Wish:
    if _is_only_values(text):
        return Wish(text, "give_details", "sure")
    if says(text, "people.person_wanted"):
        return Wish(text, "handover", "sure")
    if says(text, "people.asked_for") and reading.probability_of("handover") >= HANDOVER_AMONG_OTHERS:
        return Wish(text, "handover", "sure")
    guesses = weighed(reading.guesses, state)
    best, second = guesses[0], guesses[1] if len(guesses) > 1 else Guess("", 0.0)
    is_ahead = best.probability >= LIKELY and best.probability - second.probability >= CLEARLY_AHEAD
    if reading.is_sure and reading.intent == best.intent:
        certainty: Certainty = "sure"
    elif is_ahead or _of_family(best.intent, guesses) >= LIKELY_TOGETHER:
        certainty = "likely"
    else:
        certainty = "unsure"
    also = tuple(guess.intent for guess in guesses[1:4])
    return Wish(text, best.intent, certainty, best.probability, also)


def _of_family(intent: str, guesses: Sequence[Guess]) -> float:
    family = next((family for family in FAMILIES if intent in family), frozenset({intent}))
    return sum(guess.probability for guess in guesses if guess.intent in family)


def weighed(guesses: Sequence[Guess], state: State) -> list[Guess]:
    """The guesses after what the conversation makes likelier, likeliest first; their sum stays the same."""
    factors = dict(LIKELIER_WHEN_SHOWN if state.shown else UNLIKELIER_AT_FIRST)
    if state.last_added or state.goal_of("buy") is not None:
        for intent, factor in LIKELIER_WITH_A_CART.items():
            factors[intent] = factors.get(intent, 1.0) * factor
    scaled = [(guess, guess.probability * factors.get(guess.intent, 1.0)) for guess in guesses]
    total = sum(guess.probability for guess in guesses)
    all_scaled = sum(value for _, value in scaled) or 1.0
    found = [Guess(guess.intent, value * total / all_scaled) for guess, value in scaled]
    return sorted(found, key=lambda guess: -guess.probability)


def _wishes(whole: Wish, parts: Sequence[Wish]) -> tuple[Wish, ...]:
    """The parts when they are clear and of different kinds, else the whole message as one wish."""
    clear = [part for part in parts if part.certainty != "unsure" and part.intent not in COURTESIES]
    if not clear:
        return (whole,)
    if any(part.certainty == "sure" for part in clear):
        # Beside something sure, a few words that may mean something are part of it.
        clear = [part for part in clear if part.certainty == "sure" or len(part.text.split()) > WORDS_OF_AN_ASIDE]
    if len(clear) > 1 and clear[0].intent == "cart_add" and _names_for(clear[0].text, clear[1].text):
        clear = clear[1:]
    kept: list[Wish] = []
    for part in clear:
        if kept and (part.intent == kept[-1].intent or _belong_together(kept[-1].intent, part.intent)):
            continue
        kept.append(part)
    if len(kept) == 1:
        # What surrounds the one clear wish may hold its values: "I need boots. Size 42. Under 200."
        only = kept[0]
        if whole.certainty == "unsure" or whole.intent in COURTESIES or whole.intent == only.intent:
            return (replace(only, text=whole.text),)
        return (whole,)
    return tuple(kept)


def _names_for(first: str, second: str) -> bool:
    """ "And the socks, can I send them back?": the first few words only name what the second speaks about."""
    return len(first.split()) <= WORDS_OF_AN_ASIDE and any(
        holds(second.lower(), word) for word in (*lexicon().references["one"], *lexicon().references["all"])
    )


def _belong_together(first: str, second: str) -> bool:
    return second in BELONG_TOGETHER.get(first, ()) or first in BELONG_TOGETHER.get(second, ())
