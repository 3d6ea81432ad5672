"""What the assistant checks of a planned call beyond what the guard checks for every role."""

from bottega.runtime.critic import Objection, Planned, Verdict
from bottega.runtime.evidence import leaves_of
from bottega.runtime.guard.detectors import found_in


class NoCardNumbers:
    """Card numbers enter no tool: they are typed on the payment page, and nowhere else."""

    name = "no_card_numbers"

    async def review(self, planned: Planned) -> Verdict:
        texts = [str(value) for _, value in leaves_of(dict(planned.call.resolved)) if isinstance(value, str)]
        if any(found.kind == "card" for text in texts for found in found_in(text)):
            return Objection(
                self.name,
                "card_number",
                "A card number is no argument of any tool.",
                "Give the customer the payment page.",
            )
        return planned.call
