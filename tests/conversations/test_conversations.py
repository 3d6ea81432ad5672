"""Scripted conversations with the assistant and no model: a spread of the sixty, or all with BOTTEGA_CONVERSATIONS."""

import os
from pathlib import Path

import pytest

from tests.conftest import DIRECTORY_VARIABLE
from tests.conversations.assistant_counter import open_counter
from tests.conversations.checking import load_conversations
from tests.conversations.conftest import shop_settings_for
from tests.conversations.form import Conversation
from tests.conversations.playing import play

CONVERSATIONS = load_conversations()
# One of each file or nearly, and each kind of change once: all of them take minutes.
SPREAD = frozenset(
    {
        "search-ordinals-head-torches",
        "question-which-size-fits",
        "cart-other-size-and-colour",
        "buy-fleece-as-guest",
        "track-parcel-under-way",
        "cancel-in-words",
        "return-becomes-an-exchange",
        "policy-returning-things",
    }
)


def _played() -> list[object]:
    chosen = [one for one in CONVERSATIONS if os.environ.get("BOTTEGA_CONVERSATIONS") == "all" or one.id in SPREAD]
    return [pytest.param(one, id=one.id) for one in chosen]


def test_the_spread_names_conversations_that_there_are() -> None:
    assert {one.id for one in CONVERSATIONS} >= SPREAD


@pytest.mark.parametrize("conversation", _played())
async def test_a_conversation_ends_as_it_should(conversation: Conversation, demo_url: str) -> None:
    # One directory for the session: the embedder's process is the machine's, not a test's.
    directory = Path(os.environ[DIRECTORY_VARIABLE])
    async with open_counter(shop_settings_for(demo_url, directory), conversation.customer) as counter:
        found = await play(conversation, counter)
    told = "\n".join(f"  > {said}\n  {reply.reply}" for said, reply in counter.heard)
    assert not found, "\n".join([*found, told])
