"""Making the context of a run: from a message just heard, or from the journal of a run that somebody began."""

from collections.abc import Sequence
from dataclasses import replace

from bottega.kernel.errors import NotFound
from bottega.runtime.context import RunContext
from bottega.runtime.evidence import Evidence, FieldLabels
from bottega.runtime.guard.handles import HandleTable
from bottega.runtime.journal import Held
from bottega.runtime.loop.observe import take_in
from bottega.runtime.parts import Parts
from bottega.runtime.role import Role
from bottega.runtime.run import THIRD_PARTY, Run, Session, Step
from bottega.runtime.sessions import Past

NOTHING_BEFORE = Past()


def role_of(parts: Parts, run: Run) -> Role:
    """The role of a run; `NotFound` when this process does not know it."""
    role = parts.roles.get(run.role)
    if role is None:
        raise NotFound("no_such_role", f"There is no role {run.role}.", next_step="Start the process that has it.")
    return role


async def context_of_turn(parts: Parts, held: Held, session: Session) -> RunContext:
    """The context of a turn that was just heard: nothing of it is in the journal yet."""
    return _context(parts, held, session, await _past(parts, held.run), [])


async def context_of_run(parts: Parts, held: Held) -> RunContext:
    """The context of a run as its journal tells it."""
    run = held.run
    session = None if run.session_id is None else await parts.sessions.find(run.session_id)
    steps = await parts.journal.steps(run.id)
    return _context(parts, held, session, await _past(parts, run), steps)


async def _past(parts: Parts, run: Run) -> Past:
    if run.session_id is None or run.turn is None or run.turn == 1:
        return NOTHING_BEFORE
    return await parts.sessions.past(run.session_id, run.turn, role_of(parts, run).window_turns)


def _context(parts: Parts, held: Held, session: Session | None, past: Past, steps: Sequence[Step]) -> RunContext:
    run = held.run
    if session is not None and session.principal.customer_id is not None:
        # They may have been identified after the message was heard: the same conversation, the same customer.
        run = replace(run, principal=session.principal)
    said = run.task.get("said")
    context = RunContext(
        run=run,
        role=role_of(parts, run),
        performer=parts.performer,
        now=parts.clock.now(),
        usage=run.usage,
        session=session,
        history=past.turns,
        evidence=list(past.evidence),
        words=[turn.asked for turn in past.turns if turn.asked] + ([said] if isinstance(said, str) and said else []),
        slots={} if session is None else dict(session.slots),
        handles=HandleTable.of_record({} if session is None else session.handles, parts.nouns),
        pending=past.pending,
        tainted=session is not None and session.tainted,
        stopped=held.stopped,
    )
    if run.session_id is None:
        # Back-office work is asked for by a colleague or by a schedule of the shop's own.
        context.words.append(str(run.own_task))
        written = run.task.get(THIRD_PARTY)
        if written is not None:
            context.evidence.append(Evidence(f"{run.id}.task", "task", written, FieldLabels("third_party")))
            context.tainted = True
    for step in steps:
        context.steps.append(step)
        take_in(step, context)
    return context
