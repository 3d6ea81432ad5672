"""Whether a planned call still fits into what the run may use."""

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
