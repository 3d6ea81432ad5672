"""Whether a planned call still fits into what the run may use, and is not the same once more."""

from bottega.kernel import canonical_json
from bottega.runtime.critic import Objection, Planned, Verdict


class BudgetCritic:
    """Counts the calls of the run, those planned in the same reply included."""

    name = "budget"

    async def review(self, planned: Planned) -> Verdict:
        context = planned.context
        limit = context.role.limits.tool_calls
        if context.usage.tool_calls + context.planned <= limit:
            return planned.call
        return Objection(
            self.name,
            "too_many_tool_calls",
            f"This piece of work may call {limit} tools.",
            "Answer with what you know.",
        )


class RepeatCritic:
    """The same call with the same arguments is let pass as often as the role's limits say, and no more: a flood of them
    uses up neither the run's calls nor a colleague's patience."""

    name = "repeats"

    async def review(self, planned: Planned) -> Verdict:
        call, context = planned.call, planned.context
        what = canonical_json.digest([call.tool, dict(call.resolved)])
        made = [
            canonical_json.digest([step.name, step.detail["call"]["resolved"]])
            for step in context.steps
            if step.phase == "act"
        ]
        if [*made, *context.repeatable].count(what) < context.role.limits.same_call_times:
            context.repeatable.append(what)
            return call
        return Objection(
            self.name, "made_already", f"{call.tool} was called with just this before.", "Go on with what it answered."
        )
