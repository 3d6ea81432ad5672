"""Sixty scripted conversations with the assistant and no model behind it, each in a demo shop of its own."""

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


@pytest.mark.skipif(
    os.environ.get("BOTTEGA_CONVERSATIONS") != "all",
    reason="not all of them end as they should yet, and they take minutes: BOTTEGA_CONVERSATIONS=all plays them",
)
@pytest.mark.parametrize("conversation", CONVERSATIONS, ids=lambda conversation: conversation.id)
async def test_a_conversation_ends_as_it_should(conversation: Conversation, demo_url: str) -> None:
    # One directory for the session: the embedder's process is the machine's, not a test's.
    directory = Path(os.environ[DIRECTORY_VARIABLE])
    async with open_counter(shop_settings_for(demo_url, directory), conversation.customer) as counter:
        found = await play(conversation, counter)
    told = "\n".join(f"  > {said}\n  {reply.reply}" for said, reply in counter.heard)
    assert not found, "\n".join([*found, told])
