"""The assistant's dialogue as the offline model drives it: messages in, calls or text out."""

from collections.abc import Mapping, Sequence
from datetime import date

import structlog

from bottega.agents.assistant.dialogue.hearing import Pending, hear
from bottega.agents.assistant.dialogue.here import Here
from bottega.agents.assistant.dialogue.on_screen import looking_at, mentioning
from bottega.agents.assistant.dialogue.policy import Move, go_on
from bottega.agents.assistant.dialogue.results import results_in
from bottega.agents.assistant.dialogue.state import AsksFor, Json, Reply, State, state_of
from bottega.agents.assistant.dialogue.understanding import understand
from bottega.agents.assistant.language.phrases import say
from bottega.ports.chat_model import SystemMessage, UserMessage
from bottega.runtime.models.offline.intents import IntentReader
from bottega.runtime.models.offline.model import Heard, Planned, Proposal

_log = structlog.get_logger(__name__)

DEFAULT_CURRENCY = "EUR"
LONGEST_REPLY_CHARACTERS = 3_500
# Said when nothing was understood, or when no document answers.
_UNSURE = frozenset({"talk.not_understood", "talk.which_of_these", "talk.not_understood_again", "policy.not_found"})
# What a client is told under `asks_for`; an offer is no question that needs a value.
_TOLD_ASKS: Mapping[AsksFor, str | None] = {"offer": None, "change": "items"}


class AssistantDialogue:
    """Implements `Dialogue` for shoppers; equal messages and equal results give an equal proposal."""

    def __init__(self, reader: IntentReader, *, currency: str = DEFAULT_CURRENCY) -> None:
        self._reader = reader
        self._currency = currency
        self._degraded_because = ""

    async def next(self, heard: Heard) -> Proposal:
        state = state_of(heard.memory)
        said = _newest_said(heard)
        if said is not None:
            state = mentioning(looking_at(state, heard.context), heard.context)
            understood = await understand(said, state, self._reader)
            degraded = understood.degraded_because
            if degraded and degraded != self._degraded_because:
                _log.warning("understood_by_letters", reason=degraded)
            self._degraded_because = degraded
            state = hear(state, understood, self._currency, Pending.of(heard))
        here = Here(
            results_in(heard.messages, heard.tools),
            signed_in=_signed_in(heard.context),
            today=_today(heard),
        )
        move = go_on(state, here)
        if move.calls:
            calls = tuple(Planned(call.tool, call.arguments) for call in move.calls)
            return Proposal(move.state.as_record(), calls=calls)
        return _proposal(move, heard.context, self._degraded_because)


def _newest_said(heard: Heard) -> str | None:
    """What the customer said that the memory does not hold yet; the runtime's own copy has no placeholders in it."""
    place = max((place for place, one in enumerate(heard.messages) if isinstance(one, UserMessage)), default=-1)
    if place < 0 or heard.remembered_at > place:
        return None
    message = heard.messages[place]
    assert isinstance(message, UserMessage), "found above"
    original = heard.context.get("said")
    return original if isinstance(original, str) and original.strip() else message.text


def _signed_in(context: Mapping[str, Json]) -> bool | None:
    """What the runtime knows: nobody is known, or somebody is who proved it; a guest's name proves nothing."""
    slots: Json = context.get("slots") or {}
    if slots.get("signed_in"):
        return True
    return False if context.get("is_identified") is False else None


def _today(heard: Heard) -> date | None:
    given = heard.context.get("today")
    if isinstance(given, str):
        return date.fromisoformat(given[:10])
    for message in heard.messages:
        if isinstance(message, SystemMessage) and "Today is " in message.text:
            written = message.text.rpartition("Today is ")[2][:10]
            try:
                return date.fromisoformat(written)
            except ValueError:
                return None
    return None


def _proposal(move: Move, context: Mapping[str, Json], degraded_because: str) -> Proposal:
    reply, state = move.reply, move.state
    assert reply is not None, "without calls there is something to say"
    seed = f"{context.get('run_id') or context.get('session_id') or ''}:{context.get('turn') or state.turn}"
    text = rendered(reply, state, seed)
    state = state.model_copy(update={"last_text": text[:400]})
    asks = None if reply.asked is None else _TOLD_ASKS.get(reply.asked.what, reply.asked.what)
    if reply.asked is not None and reply.asked.what == "option":
        asks = reply.asked.option
    structured: dict[str, Json] = {
        "text": text,
        "shows": list(reply.shows),
        "choices": list(reply.choices),
        "asks_for": asks,
        "citations": list(reply.citations),
        "handover": reply.handover,
        "degraded_because": degraded_because,
    }
    is_unsure = any(part.key in _UNSURE for part in reply.parts)
    return Proposal(state.as_record(), text=text, structured=structured, is_unsure=is_unsure)


def rendered(reply: Reply, state: State, seed: str) -> str:
    """The reply's text: its parts in order, records named by their handles, and the passages it rests on at its end."""
    pieces: list[str] = []
    for place, part in enumerate(reply.parts):
        if part.key == "talk.again":
            pieces.append(state.last_text or say("talk.not_understood", {}, seed))
        else:
            pieces.append(part.text or say(part.key, part.fields, f"{seed}:{place}"))
    text = _joined(pieces)[:LONGEST_REPLY_CHARACTERS]
    cited = " ".join(f"[{handle}]" for handle in dict.fromkeys(reply.citations) if handle and f"[{handle}]" not in text)
    return f"{text} {cited}".strip()


def _joined(pieces: Sequence[str]) -> str:
    """Longer passages stand in paragraphs of their own."""
    text = ""
    for piece in pieces:
        if not piece:
            continue
        apart = "\n\n" if text and ("\n" in piece or len(piece) > 300) else " " if text else ""
        text += apart + piece
    return text
