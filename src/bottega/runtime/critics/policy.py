"""Whether shop and policy would refuse a planned change, found out before anybody is asked to confirm it."""

from bottega.runtime.critic import Objection, Planned, Verdict
from bottega.runtime.tool import ChangingTool


class PolicyCritic:
    """Runs consequential changes in a transaction that is rolled back: ownership, state, rules and invariants of the
    tables all speak. A call that was confirmed is not tried again: performing it is the test."""

    name = "policy"

    async def review(self, planned: Planned) -> Verdict:
        call, tool = planned.call, planned.tool
        if tool.effect != "consequential" or call.confirmation_id is not None or not isinstance(tool, ChangingTool):
            return call
        refused = await tool.try_out(call, planned.context)
        return call if refused is None else Objection(self.name, refused.code, refused.message, refused.next_step)
