"""Which conversation a visitor has, and its exchanges as pages show them."""

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from bottega.agents.chat.replies import ChatReply, CitedPassage, chat_reply
from bottega.agents.chat.service import new_session_id
from bottega.entrance.context import chat_of
from bottega.kernel.errors import Forbidden, NotFound, Refusal
from bottega.web.storefront.goods.cards import cards_of
from bottega.web.storefront.help.passages import anchor_of
from bottega.web.storefront.help.policies import policy_name
from bottega.web.text_blocks import Block, blocks_of
from bottega.web.visit import Visit, keep

COOKIE = "bottega_chat"
KEPT_SECONDS = 30 * 86_400
_SESSION = re.compile(r"ses_[0-7][0-9a-hjkmnp-tv-z]{25}")
_MARK = re.compile(r"\s*\[(\d{1,2})\]")

# Who answered, in words that promise nothing: how much of a model was in it.
LEVELS = {
    "rules": "From our records",
    "offline": "From our records, without a language model",
    "local": "With a language model on our own machine",
    "small": "With a small language model",
    "large": "With a large language model",
    "person": "A colleague",
}


@dataclass(frozen=True, slots=True)
class Quoted:
    """Where a statement stands, and the page that says it."""

    number: int
    title: str
    address: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """One turn: what was asked and answered, with the products to show and the sources to open."""

    reply: ChatReply
    blocks: tuple[Block, ...]
    cards: tuple[dict[str, Any], ...]
    sources: tuple[Quoted, ...]

    @property
    def level(self) -> str:
        return LEVELS["person" if self.reply.author == "staff" else self.reply.level]

    @property
    def is_asked_below(self) -> bool:
        """Whether the reply is the question that stands above the buttons of its confirmation anyway."""
        asked = self.reply.confirmation
        return asked is not None and asked.token is not None and asked.summary.strip() == self.reply.reply.strip()

    @property
    def payment_address(self) -> str | None:
        """The page to pay on, as an address of this shop."""
        found = self.reply.payment_page
        return None if found is None else "/pay/" + found.rpartition("/")[2]


def session_of(visit: Visit) -> str | None:
    """The conversation that the browser remembers."""
    given = visit.request.cookies.get(COOKIE, "")
    return given if _SESSION.fullmatch(given) else None


async def open_session(visit: Visit) -> str:
    """The visitor's conversation, begun when there is none, or when the remembered one is somebody else's."""
    chat = chat_of(visit.context)
    session = session_of(visit)
    if session is not None:
        with suppress(Forbidden):
            await chat.enter(session, visit.shopper())
            return session
    session = new_session_id()
    await chat.enter(session, visit.shopper())
    keep(visit, COOKIE, session, KEPT_SECONDS)
    return session


async def exchanges(visit: Visit, *, after: int = 0) -> list[Exchange]:
    """What was said so far; nothing for a conversation that is not the visitor's."""
    session = session_of(visit)
    if session is None or visit.actor is None or visit.actor.kind != "customer":
        return []
    try:
        turns = await chat_of(visit.context).transcript(session, visit.actor, after=after)
    except (NotFound, Forbidden):
        return []
    return await shown(visit, [chat_reply(turn) for turn in turns])


async def shown(visit: Visit, replies: Sequence[ChatReply]) -> list[Exchange]:
    """Replies with what their templates need."""
    ids = [card.product_id for reply in replies for card in reply.cards]
    async with visit.read() as connection:
        cards = await cards_of(connection, ids)
    return [
        Exchange(
            reply,
            tuple(blocks_of(_MARK.sub("", reply.reply))),
            tuple(cards[card.product_id] for card in reply.cards if card.product_id in cards),
            _sources(reply.citations),
        )
        for reply in replies
    ]


async def bring_conversation(visit: Visit, guest_id: str) -> None:
    """After signing in: the guest's conversation is the account's from now on; one that is neither's stays behind."""
    session = session_of(visit)
    if session is None or visit.context.chat is None or visit.actor is None:
        return
    with suppress(Refusal):
        await visit.context.chat.sign_in(session, visit.actor, guest_id)


def _sources(citations: Sequence[CitedPassage]) -> tuple[Quoted, ...]:
    """Each place once, in the order of the text."""
    found: dict[str, Quoted] = {}
    for citation in citations:
        section = citation.section.split(" > ") if citation.section else []
        address = f"/policies/{policy_name(citation.document)}#{anchor_of(section)}"
        title = citation.title or citation.document
        words = f"{title}: {section[-1]}" if section else title
        found.setdefault(address, Quoted(len(found) + 1, words, address))
    return tuple(found.values())
