"""Whether a planned call is to a tool that is offered, and its arguments are of the tool's record."""

from pydantic import ValidationError

from bottega.runtime.critic import Objection, Planned, Verdict
from bottega.runtime.stored_json import encoded
from bottega.runtime.tools.action_tool import invalid_arguments


class SizeCritic:
    """Arguments larger than the tool takes are refused before anything looks into them."""

    name = "size"

    async def review(self, planned: Planned) -> Verdict:
        call, tool = planned.call, planned.tool
        # A model's JSON may hold what ours cannot: half a character, a number of a hundred digits, a thousand levels.
        size = len(encoded(dict(call.arguments)))
        if size <= tool.limits.arguments_bytes:
            return call
        return Objection(
            self.name,
            "arguments_too_large",
            f"The arguments of {tool.name} have {size} bytes; it takes {tool.limits.arguments_bytes}.",
            "Give less at once.",
        )


class SchemaCritic:
    """Types, ranges and names of the arguments, checked against the very record that will be used."""

    name = "schema"

    async def review(self, planned: Planned) -> Verdict:
        call, tool = planned.call, planned.tool
        try:
            tool.check(call.resolved)
        except ValidationError as error:
            invalid = invalid_arguments(error)
            return Objection(self.name, invalid.code, f"{tool.name}: {invalid.message}", invalid.next_step)
        return call
