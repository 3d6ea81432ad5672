"""Observe: what is worth knowing before anything is decided, with its labels."""

from collections.abc import Mapping

import structlog

from bottega.kernel.errors import Refusal
from bottega.runtime.context import RunContext
from bottega.runtime.evidence import Evidence, Json, evidence_of
from bottega.runtime.run import Step
from bottega.runtime.stored_json import encoded

_log = structlog.get_logger(__name__)

OBSERVED_BYTES = 65_536
"""What a run is given to know before it begins, at most."""


async def observe(context: RunContext) -> Mapping[str, Json]:
    """Asks the role's observers. One that cannot answer is left out, and the journal says so: a run goes on without
    its memory rather than not at all. The same holds for what is more than a run can take in."""
    seen: list[Evidence] = []
    silent: list[str] = []
    room = OBSERVED_BYTES
    for observer in context.role.observers:
        try:
            for evidence in await observer.observe(context):
                room -= len(encoded(evidence.value))
                if room < 0:
                    silent.append(observer.name)
                    break
                seen.append(evidence)
        except Refusal as refusal:
            _log.warning("observer_silent", observer=observer.name, run_id=context.run.id, code=refusal.code)
            silent.append(observer.name)
    return {"evidence": [evidence.as_record() for evidence in seen], "silent": silent}


def take_in(step: Step, context: RunContext) -> None:
    """Lets the context know what a step has shown: its evidence, whether a third party wrote any of it, new slots."""
    for record in step.detail.get("evidence", ()):
        evidence = evidence_of(record)
        context.evidence.append(evidence)
        context.tainted = context.tainted or evidence.trust == "third_party"
    context.slots.update(step.detail.get("slots", {}))
