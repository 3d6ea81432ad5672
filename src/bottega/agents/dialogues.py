"""Which dialogue speaks for which role when no model does."""

from collections.abc import Mapping
from dataclasses import dataclass

from bottega.runtime.models.offline.model import Dialogue, Heard, Proposal


@dataclass(frozen=True, slots=True)
class DialogueOfRole:
    """Implements `Dialogue` by the role that the runtime names; a role without one of its own gets `otherwise`."""

    by_role: Mapping[str, Dialogue]
    otherwise: Dialogue

    async def next(self, heard: Heard) -> Proposal:
        dialogue = self.by_role.get(str(heard.context.get("role", "")), self.otherwise)
        return await dialogue.next(heard)
