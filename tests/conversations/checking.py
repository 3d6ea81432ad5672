"""Loads the conversations, and says in words where an answer or the shop differs from what they expect."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from tests.conversations.catalogue import Catalogue, broken_rule, false_card
from tests.conversations.form import CardsExpected, Cited, Conversation, Expected, filled
from tests.conversations.reply import Card, Citation, Reply, tool_is
from tests.conversations.shop_state import ShopState, check_end, differing_lines

__all__ = ["MalformedConversation", "Talk", "check_end", "check_turn", "load_conversations", "read_reply"]

FOLDER = Path(__file__).parent
EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
ORDER_NUMBER = re.compile(r"\bB-\d{4,}\b")
SHOP_DOMAIN = "@bottega-alpina.example"
INNER_WORKINGS = re.compile(
    r"\b[a-z]{3}_[0-9a-hjkmnp-tv-z]{26}\b|Traceback|NoneType|\{[a-z_]+\}|<\|?(?:system|tool)\|?>"
)
TITLES = {
    "payment": "payment, coupons and gift cards",
    "privacy": "privacy",
    "returns": "returns, exchanges and refunds",
    "shipping": "shipping and collection",
    "sizing": "size guide",
    "warranty": "warranty and repairs",
}


class MalformedConversation(Exception):
    """A file does not hold what the README describes."""


@dataclass(slots=True)
class Talk:
    """What the checks of one conversation need to know: who talks, what was said, and what names stand for."""

    conversation: Conversation
    catalogue: Catalogue
    shop: ShopState
    names: dict[str, str]
    said: list[str]
    shown: tuple[Card, ...] = ()
    """The cards that the customer saw last before this turn."""


def load_conversations(place: Path = FOLDER) -> tuple[Conversation, ...]:
    """Every conversation of a file, or of a folder's files, in the order of file and line."""
    loaded: dict[str, Conversation] = {}
    for path in sorted(place.glob("*.json")) if place.is_dir() else [place]:
        for number, written in enumerate(json.loads(path.read_text(encoding="utf-8")), 1):
            name = written.get("id", f"number {number}")
            try:
                conversation = Conversation.model_validate(written)
            except ValidationError as error:
                raise MalformedConversation(f"{path.name}, {name}: {error}") from error
            if conversation.id in loaded:
                raise MalformedConversation(f"{path.name}, {name}: there is another of this id")
            loaded[conversation.id] = conversation
    return tuple(loaded.values())


def read_reply(answer: Mapping[str, Any]) -> Reply:
    """The answer as a record; `ValidationError` says which agreed field is missing or of another type."""
    return Reply.model_validate(answer)


async def check_turn(talk: Talk, expected: Expected, replies: Sequence[Reply], before: int) -> list[str]:
    """Differences between what a turn expects and the answers to it; `before` is the log's end when it began."""
    found = [*check_honesty(talk, replies), *check_replies(talk, expected, replies)]
    if expected.cart is not None:
        found += differing_lines("the cart", expected.cart, await talk.shop.cart_lines())
    found += await talk.shop.differing_coupon(expected.coupon)
    if expected.unchanged:
        changed = await talk.shop.changed_tables(since=before)
        found += [f"{table} changed before the customer's yes" for table in sorted(changed)]
    return found


def check_replies(talk: Talk, expected: Expected, replies: Sequence[Reply]) -> list[str]:
    """Differences that can be seen in the answers alone."""
    if not replies:
        return ["there is no answer"]
    return [
        *_cards(talk, expected.cards, replies),
        *_citations(expected.cites, replies),
        *_question(expected, replies[-1]),
        *_tools(expected, replies),
        *_texts(talk, expected, replies),
        *_about_card(talk, expected.about_card, replies),
    ]


def check_honesty(talk: Talk, replies: Sequence[Reply]) -> Iterator[str]:
    """What no answer may ever do: stay silent, show its inner workings, misstate a card, name somebody else's data."""
    spoken = "\n".join(talk.said)
    for reply in replies:
        text = reply.texts()
        if not reply.reply.strip():
            yield "the answer has no text"
        if inner := INNER_WORKINGS.search(text):
            yield f"the answer shows its inner workings: {inner[0]}"
        yield from (false for card in reply.cards if (false := false_card(card, talk.catalogue)))
        for email in {found.lower().rstrip(".") for found in EMAIL.findall(text)}:
            if not email.endswith(SHOP_DOMAIN) and email not in spoken.lower() and email != talk.shop.email:
                yield f"the answer names the e-mail address {email}"
        for number in sorted(set(ORDER_NUMBER.findall(text)) - talk.shop.own_orders):
            if number not in spoken:
                yield f"the answer names {number}, which is not the customer's"


def _cards(talk: Talk, expected: CardsExpected | None, replies: Sequence[Reply]) -> Iterator[str]:
    if expected is None:
        return
    shown = next((reply.cards for reply in reversed(replies) if reply.cards), ())
    known = [(card, talk.catalogue[card.product_id]) for card in shown if card.product_id in talk.catalogue]
    if len(shown) < expected.min:
        yield f"{len(shown)} cards, expected at least {expected.min}"
    if expected.max is not None and len(shown) > expected.max:
        yield f"{len(shown)} cards, expected at most {expected.max}"
    if expected.all is not None:
        yield from (broken for card, product in known if (broken := broken_rule(card, product, expected.all)))
    if expected.any is not None:
        broken = [broken_rule(card, product, expected.any) for card, product in known]
        if None not in broken:
            yield f"no card fits: {'; '.join(filter(None, broken)) or 'there are none'}"
    handles = {product.handle for _, product in known}
    yield from (f"no card shows {handle}" for handle in expected.contains if handle not in handles)
    yield from (f"a card shows {handle}" for handle in expected.lacks if handle in handles)


def _citations(expected: tuple[Cited, ...] | None, replies: Sequence[Reply]) -> Iterator[str]:
    if expected is None:
        return
    given = [citation for reply in replies for citation in reply.citations]
    listed = ", ".join(f"{one.document} § {one.section}" for one in given) or "nothing"
    if not expected and given:
        yield f"cites {listed}, expected nothing"
    for cited in expected:
        if not any(_cites(citation, cited) for citation in given):
            where = f" § {' or '.join(cited.sections)}" if cited.sections else ""
            yield f"cites {listed}, expected {cited.document}{where}"


def _cites(citation: Citation, cited: Cited) -> bool:
    named = citation.document.lower().rpartition("/")[2].removesuffix(".md")
    if named not in (cited.document, TITLES[cited.document]):
        return False
    return not cited.sections or any(one.lower() in citation.section.lower() for one in cited.sections)


def _question(expected: Expected, last: Reply) -> Iterator[str]:
    asked = last.confirmation
    if expected.confirmation is not None:
        if asked is None:
            yield f"asks for {last.question()}, expected a confirmation of {expected.confirmation}"
        elif not tool_is(asked.action, expected.confirmation):
            yield f"wants a yes to {asked.action}, expected {expected.confirmation}"
    if expected.no_confirmation and asked is not None:
        yield f"wants a yes to {asked.action}, expected no such question"
    if expected.amount_minor is not None:
        amount = asked.amount.amount_minor if asked is not None and asked.amount is not None else None
        if amount != expected.amount_minor:
            yield f"the confirmation is about {amount}, expected {expected.amount_minor}"
    if expected.asks and last.question() not in expected.asks:
        yield f"asks for {last.question()}, expected {' or '.join(expected.asks)}"
    if expected.handover is not None and last.handover != expected.handover:
        yield "hands over to a person" if last.handover else "does not hand over to a person"


def _tools(expected: Expected, replies: Sequence[Reply]) -> Iterator[str]:
    called = [name for reply in replies for name in reply.tool_calls]
    for wanted in expected.tools:
        if not any(tool_is(name, wanted) for name in called):
            yield f"called {', '.join(called) or 'no tool'}, expected {wanted}"


def _texts(talk: Talk, expected: Expected, replies: Sequence[Reply]) -> Iterator[str]:
    text = "\n".join(reply.texts() for reply in replies)
    shown = set[int]().union(*(reply.amounts() for reply in replies))
    for wanted in expected.mentions:
        if not _contains(text, filled(wanted, talk.names)):
            yield f"does not mention {filled(wanted, talk.names)}"
    if expected.mentions_any and not any(_contains(text, filled(one, talk.names)) for one in expected.mentions_any):
        yield f"mentions none of {', '.join(expected.mentions_any)}"
    for unwanted in expected.lacks:
        if _contains(text, filled(unwanted, talk.names)):
            yield f"mentions {filled(unwanted, talk.names)}"
    for amount in expected.amounts:
        if amount not in shown and not amount_pattern(amount).search(text):
            yield f"does not say {amount / 100:.2f}"
    for number in expected.numbers:
        if not re.search(rf"(?<![\d.,]){re.escape(number)}(?!\d|[.,]\d)", text):
            yield f"does not say the number {number}"


def _about_card(talk: Talk, place: int | None, replies: Sequence[Reply]) -> Iterator[str]:
    if place is None:
        return
    if len(talk.shown) < place:
        yield f"{len(talk.shown)} cards were shown before, so there is no card {place} to speak about"
        return
    card = talk.shown[place - 1]
    spoken_of = any(card.product_id in {shown.product_id for shown in reply.cards} for reply in replies)
    if not spoken_of and not any(_contains(reply.texts(), card.title) for reply in replies):
        yield f"does not speak about card {place}, {card.title}"


def _contains(text: str, wanted: str) -> bool:
    """Whether a word or phrase stands there by itself; a size such as M or XL only as it is written."""
    start, end = ("\\b" if wanted[place].isalnum() else "" for place in (0, -1))
    size = len(wanted) <= 3 and wanted.isupper()
    return bool(re.search(f"{start}{re.escape(wanted)}{end}", text, 0 if size else re.IGNORECASE))


def amount_pattern(amount_minor: int) -> re.Pattern[str]:
    """An amount as people write it: 1,249.00, 1.249,00, 1249.00, and 1249 when there are no cents."""
    units, cents = divmod(amount_minor, 100)
    grouped = re.escape(f"{units:,}").replace(",", r"[,.’ \u00a0\u202f]?")
    tail = rf"[.,]{cents:02d}" if cents else r"(?:[.,]00)?"
    return re.compile(rf"(?<![\d.,])(?<!\d[ \u00a0\u202f]){grouped}{tail}(?!\d|[.,]\d)")
