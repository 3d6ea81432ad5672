"""A model as a critic: optional, off unless a role names it, and heard only after the deterministic ones."""

from typing import Any

import structlog

from bottega.ports.chat_model import ChatRequest, RequestRefused, SystemMessage, UserMessage
from bottega.runtime.critic import Objection, Planned, Verdict
from bottega.runtime.guard.screen import Screen
from bottega.runtime.models.call import ModelCall, ModelRouter, NoModelAnswered

_log = structlog.get_logger(__name__)

_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"objection": {"type": ["string", "null"], "description": "What is wrong, or null."}},
    "required": ["objection"],
    "additionalProperties": False,
}
LONGEST_OBJECTION_CHARACTERS = 300


class ModelCritic:
    """Asks a model whether a consequential call fits what the principal asked for.

    It can only add objections: nothing that the other critics refuse gets past by its leave, and when no model answers
    the call goes on. `question` says what to look at.
    """

    name = "model"

    def __init__(self, router: ModelRouter, screen: Screen, question: str) -> None:
        self._router = router
        self._screen = screen
        self._question = question

    async def review(self, planned: Planned) -> Verdict:
        call, context = planned.call, planned.context
        if planned.tool.effect != "consequential" or call.confirmation_id is not None:
            return call
        said = "\n".join(self._screen.said(words, context) for words in context.words[-5:])
        asked = f"The customer said:\n{said}\n\nAbout to happen: {call.tool} {dict(call.arguments)}"
        request = ChatRequest((SystemMessage(self._question), UserMessage(asked)), response_schema=_SCHEMA)
        asking = ModelCall(
            "critic",
            context.role.name,
            context.run.id,
            parent_run_ids=context.run.parent_ids,
            needs=frozenset({"structured_output"}),
        )
        try:
            routed = await self._router.complete(asking, request)
        except (NoModelAnswered, RequestRefused) as failure:
            _log.info("model_critic_silent", run_id=context.run.id, code=failure.code)
            return call
        objection = (routed.reply.structured or {}).get("objection")
        if not isinstance(objection, str) or not objection.strip():
            return call
        told = objection.strip()[:LONGEST_OBJECTION_CHARACTERS]
        return Objection(self.name, "model_objects", told, "Ask the customer what they mean.")
