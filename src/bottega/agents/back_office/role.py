"""The back-office role: its instructions, tools, observers and limits."""

from collections.abc import Mapping
from importlib import resources

from bottega.agents.back_office.observers import CaseInHand
from bottega.agents.tools.catalogue import CatalogueTools
from bottega.agents.tools.customer_tools import NOUNS, ShopParts
from bottega.agents.tools.office_changes import office_changes
from bottega.agents.tools.office_reads import OfficeReads
from bottega.agents.tools.policy import PolicyTools
from bottega.runtime.reply import ReplyFault
from bottega.runtime.role import SAFE_TEXTS, Role, RunLimits
from bottega.runtime.tool import Tool

NAME = "back_office"

LIMITS = RunLimits(
    steps=80,
    model_calls=12,
    tool_calls=24,
    tokens=80_000,
    cost_micros=500_000,
    seconds=120.0,
    reply_characters=4_000,
)

TEXTS: Mapping[ReplyFault, str] = {
    **SAFE_TEXTS,
    "ungrounded": "My summary had figures in it that no record shows, so I leave it out. See the run's timeline.",
    "unproven_claim": "I cannot prove that this was done. See the run's timeline and the approvals.",
    "third_party_words": "A text of somebody else was part of this, so I name only the records that I looked at. What "
    "I propose waits among the approvals.",
    "limit": "I did not get to the end of this. What I propose so far waits among the approvals.",
}


def instructions() -> str:
    """What a model is told about its job."""
    return (resources.files("bottega.agents.back_office") / "instructions.md").read_text(encoding="utf-8")


def office_tools(parts: ShopParts) -> tuple[Tool, ...]:
    """Every tool, in the order in which a model is offered them."""
    return (
        *OfficeReads(parts.pages).all(NOUNS),
        *CatalogueTools(parts.search).all(NOUNS),
        *PolicyTools(parts.library).all(NOUNS),
        *office_changes(NOUNS),
    )


def back_office_role(parts: ShopParts, *, tools: tuple[Tool, ...] | None = None) -> Role:
    """The role over the shop's tools; `tools` offers others.

    It serves no customer, so nobody says yes to it: the policy holds what is of weight for a colleague, and holds
    everything once somebody else's text was read. The work goes on meanwhile.
    """
    return Role(
        name=NAME,
        instructions=instructions(),
        tools=office_tools(parts) if tools is None else tools,
        observers=(CaseInHand(),),
        limits=LIMITS,
        acts_for_customer=False,
        waits_for_yes=False,
        goes_on_while_held=True,
        intent="plan",
        latency_target_seconds=60.0,
        maximum_output_tokens=1_024,
        safe_texts=TEXTS,
    )
