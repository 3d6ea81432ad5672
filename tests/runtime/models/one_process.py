"""A process of its own that answers calls through the router: `python -m … '{"dsn": …}'` prints what came of them."""

import asyncio
import json
import sys
from typing import Any

from bottega.bootstrap.models import routes_of
from bottega.connectors.sandbox.chat_model import ScriptedChatModel
from bottega.platform.clock import SystemClock
from bottega.platform.database.pool import Database
from bottega.ports.chat_model import ChatReply, ChatRequest, UserMessage
from bottega.runtime.models.breakers import Breakers
from bottega.runtime.models.budgets import Budgets
from bottega.runtime.models.cache import ReplyCache
from bottega.runtime.models.call import ModelCall
from bottega.runtime.models.models_file import ModelsFile
from bottega.runtime.models.router import Router, RouterParts


async def answer_all(order: dict[str, Any]) -> list[Any]:
    """Runs the calls of an order all at once; each result is the ladder of one."""
    models = ModelsFile.model_validate(order["models"])
    database = await Database.open(order["dsn"], writers=8, readers=4)
    clock = SystemClock()
    parts = RouterParts(
        database,
        clock,
        Budgets(database, clock, models.budgets.limits()),
        Breakers(database, clock, models.breakers.policy()),
        ReplyCache(database, clock, secret=b"secret of the tests"),
    )
    engine = ScriptedChatModel(lambda *_: ChatReply("Rules."), name="offline")
    router = Router(parts, routes_of(models, {}), engine)
    request = ChatRequest((UserMessage("Is the tent in stock?"),), maximum_output_tokens=50)

    async def one(number: int) -> Any:
        call = ModelCall("chat", "assistant", run_id=f"run_{order['name']}_{number}", latency_target_seconds=20)
        reply = await router.complete(call, request)
        return [[attempt.route, attempt.outcome, attempt.reason] for attempt in reply.attempts]

    ladders = await asyncio.gather(*(one(number) for number in range(order["calls"])))
    await router.close()
    await database.close()
    return list(ladders)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(answer_all(json.loads(sys.argv[1])))))
