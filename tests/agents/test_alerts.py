"""A missed target of the agents is told to the staff, once."""

from datetime import timedelta

from bottega.agents.alerts import tell
from bottega.runtime import metrics
from tests.shop_fixtures import Shop


async def test_a_missed_target_is_mailed_once(shop: Shop) -> None:
    application = shop.application
    await shop.execute("UPDATE runtime.targets SET target = -1, least_sample = 1 WHERE metric = 'oldest_ready'")
    now = application.clock.now() + timedelta(seconds=1)
    (alert,) = await metrics.watch(application.database, now)
    for _ in range(2):
        await tell(application, {})
    effects = await shop.fetch("SELECT id, kind, payload FROM log.effects")
    assert [(effect["kind"], effect["payload"]) for effect in effects] == [
        ("mail.target_missed", {"alert_id": alert.id})
    ]
    await application.effects.drive(effects[0]["id"])
    (mail,) = await shop.fetch("SELECT recipient, subject, text FROM platform.outbox_mail")
    assert mail["recipient"] == "shop@example.org"
    assert mail["subject"].endswith("agents miss a target, oldest_ready")
    assert "It is 0.0 seconds, and should be at most -1" in mail["text"]


async def test_what_a_colleague_has_seen_is_not_mailed(shop: Shop) -> None:
    await shop.execute("UPDATE runtime.targets SET target = -1, least_sample = 1 WHERE metric = 'oldest_ready'")
    application = shop.application
    (alert,) = await metrics.watch(application.database, application.clock.now() + timedelta(seconds=1))
    await metrics.take_note(application.database, alert.id, "stf_eve")
    await tell(application, {})
    assert await shop.fetchval("SELECT count(*) FROM log.effects") == 0
