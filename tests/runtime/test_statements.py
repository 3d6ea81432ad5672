"""What a durable turn costs in statements and in waits for the disk, and which spans it leaves."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from bottega.platform import telemetry
from bottega.runtime.journal import Journal
from tests.runtime.workshop import Workshop, calls, says


@contextmanager
def statements_of(workshop: Workshop) -> Generator[list[str]]:
    """The statements of every connection of all pools, in the order they were sent."""
    seen: list[str] = []

    def note(record: Any) -> None:
        seen.extend(part.strip() for part in record.query.split(";") if part.strip())

    database: Any = workshop.database
    holders = [holder for pool in database.pools for holder in pool._holders]
    connections = [holder._con for holder in holders if holder._con is not None]
    for connection in connections:
        connection.add_query_logger(note)
    yield seen
    for connection in connections:
        connection.remove_query_logger(note)


def kinds(statements: list[str]) -> list[str]:
    """What each statement is for, by a word that only it has."""
    words = {
        "UPDATE runtime.sessions s SET last_ordinal": "hear",
        "no_turn": "past",
        "WITH held AS": "write",
        "FROM shop.goods": "read",
        "BEGIN": "begin",
        "COMMIT": "commit",
    }
    return [next((kind for word, kind in words.items() if word in text), "other") for text in statements]


async def test_a_turn_with_one_read_takes_five_statements(workshop: Workshop) -> None:
    await workshop.stock("Blue mug", 1250)
    await workshop.say("Hello", says("Good day!"))
    with statements_of(workshop) as seen:
        await workshop.say("What is there?", calls(("list_goods", {})), says("[good_1]"))
    opened, *turn = kinds(seen)
    assert opened == "other"
    assert turn == ["hear", "past", "write", "read", "write"]


async def test_only_what_something_follows_from_waits_for_the_disk(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Being heard, a plan that changes something, and the answer. A plan that only reads and what was done do not wait;
    what was only read rides along with the answer."""
    durable: list[bool] = []
    written = Journal.write

    async def write(self: Journal, held: Any, writing: Any, now: Any) -> Any:
        durable.append(writing.durable)
        return await written(self, held, writing, now)

    monkeypatch.setattr(Journal, "write", write)
    await workshop.say("Open a parcel", calls(("open_parcel", {})), says("It is open."))
    assert durable == [True, False, True]
    durable.clear()
    await workshop.say("What is there?", calls(("list_goods", {})), says("Nothing yet."))
    assert durable == [False, True]


async def test_spans_have_the_names_of_the_conventions(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(telemetry, "tracer", provider.get_tracer("test"))
    turn = await workshop.say("Open a parcel", calls(("open_parcel", {})), says("It is open."))
    spans = {span.name: dict(span.attributes or {}) for span in exporter.get_finished_spans()}
    assert set(spans) == {"chat chat", "execute_tool open_parcel", "perform", "invoke_agent clerk"}
    agent, tool, chat = spans["invoke_agent clerk"], spans["execute_tool open_parcel"], spans["chat chat"]
    assert (agent["gen_ai.operation.name"], agent["gen_ai.agent.name"]) == ("invoke_agent", "clerk")
    assert (agent["gen_ai.conversation.id"], agent["bottega.run.id"]) == ("s1", turn.run_id)
    assert (tool["gen_ai.tool.name"], tool["gen_ai.tool.call.id"]) == ("open_parcel", "c1")
    assert chat["gen_ai.response.model"] == "scripted"
    assert isinstance(chat["gen_ai.usage.input_tokens"], int)
    provider.shutdown()
