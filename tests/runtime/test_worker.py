"""The shop's own worker finishes what a dead process has left."""

from bottega.bootstrap.background import working
from bottega.kernel.identifiers import new_id
from bottega.runtime.run import Principal
from bottega.runtime.sessions import Message
from tests.runtime.workshop import until
from tests.shop_fixtures import Shop

NOBODY = 2_147_483_000
"""A number that no process has."""


async def test_a_worker_answers_the_turn_of_a_dead_process(shop: Shop) -> None:
    runtime = await shop.application.agents.started()
    customer = new_id("cus")
    await runtime.open_session("s1", "assistant", Principal("customer", customer, customer))
    heard = await runtime.sessions.hear(Message("s1", "Hello!", "m1"), "Hello!", shop.application.clock.now())
    waiting = await runtime.sessions.hear(Message("s1", "Anyone?", "m2"), "Anyone?", shop.application.clock.now())
    await shop.execute("UPDATE runtime.runs SET holder = $2 WHERE id = $1", heard.run_id, NOBODY)
    async with working(shop.application):
        await until(lambda: shop.fetchval("SELECT answered_ordinal = 2 FROM runtime.sessions"), seconds=30)
    turns = await runtime.sessions.transcript("s1")
    assert [(turn.run_id, turn.reply is not None) for turn in turns] == [(heard.run_id, True), (waiting.run_id, True)]
    states = await shop.fetch("SELECT state, attempts FROM runtime.runs ORDER BY turn")
    assert [tuple(run.values()) for run in states] == [("done", 1), ("done", 0)]
