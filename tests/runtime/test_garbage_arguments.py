"""Arguments that JSON can say and we cannot hold: the call is objected to, and the conversation goes on."""

from typing import Any

import pytest

from bottega.runtime.stored_json import DEEPEST, encoded, storable
from tests.runtime.workshop import Workshop, calls, results, says


def nested(levels: int) -> Any:
    value: Any = "x"
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value", ["\ud800", 2**80, "\x00", nested(400)], ids=["half a character", "large", "nothing", "deep"]
)
async def test_such_a_call_is_refused_and_the_run_goes_on(workshop: Workshop, value: Any) -> None:
    await workshop.stock("Blue mug", 1250)
    odd = calls(("add_to_parcel", {"good_id": "good_1", "quantity": value}))
    look = calls(("list_goods", {}), ("open_parcel", {}))
    turn = await workshop.say("One blue mug please", look, odd, says("Shall I try again?"))
    assert turn.reply is not None
    assert turn.reply["text"] == "Shall I try again?"
    assert results(workshop.model.requests[-1])[-1]["error"] == "invalid_arguments"
    assert await workshop.value("SELECT count(*) FROM runtime.runs WHERE state = 'failed'") == 0


def test_what_lies_too_deep_becomes_an_ellipsis() -> None:
    assert storable(nested(DEEPEST)) == nested(DEEPEST)
    assert encoded(nested(DEEPEST + 300)).count(b"[") == DEEPEST
    assert storable({"a": [1, [2]]}, 2) == {"a": [1, "…"]}
