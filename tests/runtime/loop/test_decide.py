"""What the router is told about a question: who may be given its answer again, and what the answer rests on."""

from dataclasses import replace
from typing import Any

import pytest

from bottega.runtime.evidence import Evidence, FieldLabels
from bottega.runtime.loop.decide import model_call
from bottega.runtime.models.call import EvidenceVersion
from bottega.runtime.role import Role, RunLimits
from bottega.runtime.run import Turn, Usage
from tests.runtime.guard.contexts import NOW, context_of, identifier, record

FAQ = Role("faq", "You answer what customers ask about the shop.", cache="semantic", limits=RunLimits(cost_micros=900))
PASSAGES = Evidence("run_1.1", "find_policy", {"passages": []}, kind="passage", version="dvr_2,dvr_1")


def test_an_answer_rests_on_the_versions_that_were_read() -> None:
    call = model_call(context_of(role=FAQ, evidence=[PASSAGES, replace(PASSAGES, version="dvr_1")]), "faq")
    assert call.evidence == (EvidenceVersion("dvr_1", "dvr_1"), EvidenceVersion("dvr_2", "dvr_2"))
    assert (call.cache, call.private_to) == ("semantic", None)


def test_a_run_pays_from_its_own_limit_too() -> None:
    context = context_of(role=FAQ)
    context.usage = Usage(cost_micros=300)
    call = model_call(context, "faq")
    assert (call.run_id, call.run_limit_micros, call.cost_limit_micros) == ("run_1", 900, 600)


@pytest.mark.parametrize("what", ["history", "a handle", "a person", "a masked value", "a third party"])
def test_what_is_not_for_everybody_stays_in_its_conversation(what: str) -> None:
    personal = record({"name": "Ada"}, personal=frozenset({"name"}))
    more: dict[str, Any] = {"evidence": [personal]} if what == "a person" else {}
    context = context_of(role=FAQ, **more)
    assert (model_call(context, "faq").private_to is None) == (what != "a person")
    match what:
        case "history":
            context.history = [Turn("s1", 1, "run_0", "Hello", None, NOW, None)]
        case "a handle":
            context.handles.handle_of(identifier("prd"))
        case "a masked value":
            context.masks.masked("Write to ada@example.com")
        case "a third party":
            context.evidence.append(Evidence("run_1.2", "reviews", "Nice", FieldLabels("third_party")))
            context.tainted = True
        case _:
            pass
    assert model_call(context, "faq").private_to == "s1"
