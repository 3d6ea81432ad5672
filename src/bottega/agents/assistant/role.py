"""The shopping assistant: its instructions, tools, critics and limits."""

from collections.abc import Mapping
from importlib import resources

from bottega.agents.assistant.critics import NoCardNumbers
from bottega.agents.assistant.named_products import NamedProducts
from bottega.agents.assistant.observers import Standing
from bottega.agents.assistant.presenter import AssistantPresenter
from bottega.agents.chat.on_screen import OnScreen
from bottega.agents.tools.customer_tools import ShopParts, customer_tools
from bottega.runtime.reply import ReplyFault
from bottega.runtime.role import SAFE_TEXTS, Role, RunLimits
from bottega.runtime.tool import Tool

NAME = "assistant"

LIMITS = RunLimits(
    steps=60,
    model_calls=10,
    tool_calls=20,
    tokens=80_000,
    cost_micros=250_000,
    seconds=90.0,
    reply_characters=3_000,
)

TEXTS: Mapping[ReplyFault, str] = {
    **SAFE_TEXTS,
    "ungrounded": "I am not sure of that, and would rather say nothing wrong. Shall I look it up, or call a colleague?",
    "unproven_claim": "I could not make sure that this was done. Ask me for its state, and I will look.",
    "echo": "I would rather keep that to myself. What can I do for you in the shop?",
    "too_long": "That became too long. Which part of it do you need?",
    "limit": "I did not get to the end of this. May I take one part of it at a time, or call a colleague?",
    "unavailable": "I cannot answer just now. Please try again in a moment; the shop itself is open.",
}


def instructions() -> str:
    """What a model is told about its job."""
    return (resources.files("bottega.agents.assistant") / "instructions.md").read_text(encoding="utf-8")


def assistant_role(parts: ShopParts, *, tools: tuple[Tool, ...] | None = None) -> Role:
    """The role over the shop's tools; `tools` offers others."""
    return Role(
        name=NAME,
        instructions=instructions(),
        tools=customer_tools(parts) if tools is None else tools,
        critics=(NoCardNumbers(),),
        observers=(Standing(), OnScreen(), NamedProducts()),
        presenter=AssistantPresenter(parts.pages),
        limits=LIMITS,
        intent="chat",
        latency_target_seconds=20.0,
        maximum_output_tokens=700,
        window_turns=12,
        safe_texts=TEXTS,
    )
