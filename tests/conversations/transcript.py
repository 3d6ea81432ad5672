"""A conversation as it was held, for people to read."""

from collections.abc import Sequence

from bottega.agents.chat.replies import ChatReply
from tests.conversations.form import Conversation


def transcript(conversation: Conversation, heard: Sequence[tuple[str, ChatReply]], differences: Sequence[str]) -> str:
    """Markdown: what was said, what was answered with everything that was shown, and what differs from the script."""
    lines = [f"# {conversation.title or conversation.id}", ""]
    lines += [f"Signed in as {conversation.customer}." if conversation.customer else "A guest.", ""]
    for said, reply in heard:
        lines += [f"**> {said}**", "", reply.reply, "", *_shown(reply)]
    lines += ["## Differences from the script", ""]
    lines += [f"* {difference}" for difference in differences] or ["None."]
    return "\n".join(lines) + "\n"


def _shown(reply: ChatReply) -> list[str]:
    told: list[str] = []
    if reply.cards:
        told.append(
            "cards: " + "; ".join(f"{card.title} ({card.price.amount_minor / 100:.2f})" for card in reply.cards)
        )
    if reply.confirmation is not None:
        told.append(f"wants a yes to {reply.confirmation.action}: {reply.confirmation.summary}")
    if reply.choices:
        told.append("buttons: " + " | ".join(reply.choices))
    if reply.asks_for:
        told.append(f"asks for: {reply.asks_for}")
    if reply.citations:
        told.append("cites: " + "; ".join(f"{one.document} § {one.section}" for one in reply.citations))
    if reply.tool_calls:
        told.append("tools: " + ", ".join(reply.tool_calls))
    if reply.handover:
        told.append("hands over")
    return [*(f"    {line}" for line in told), ""] if told else []
