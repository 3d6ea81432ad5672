"""Models in the console: what they cost, breakers closed by hand, targets changed, alerts noted."""

from bottega.kernel.identifiers import new_id
from tests.web.console.colleagues import CONSOLE, Colleague
from tests.web.console.test_strictness import assert_whole
from tests.web.shelf import Shelf

PLACE = f"{CONSOLE}/models"


async def test_what_models_cost_is_summed_by_role_and_day(shelf: Shelf, owner: Colleague) -> None:
    before = (await owner.client.get(f"{PLACE}/cost.json")).json()
    await shelf.shop.execute(
        "INSERT INTO runtime.model_calls (id, role, intent, outcome, route, level, reason, attempts, cost_micros, "
        "currency, milliseconds, personal_data, streamed, began_at) VALUES ($1, 'pricing', 'plan', 'answered', 'big', "
        "'large', 'asked for', '[]', 1250000, 'USD', 800, false, false, now())",
        new_id("cal"),
    )
    page = await owner.get(f"{PLACE}?days=1")
    assert_whole(page)
    assert "pricing big" in page.text
    assert "$1.25" in page.text
    after = (await owner.client.get(f"{PLACE}/cost.json")).json()
    assert (len(after["x"]), after["series"][0]["label"]) == (30, "Cost")
    was = before["series"][0]["values"][-1] if before["series"][0]["label"] == "Cost" else 0
    assert round(after["series"][0]["values"][-1] - was, 6) == 1.25


async def test_a_breaker_is_closed_by_hand(shelf: Shelf, owner: Colleague) -> None:
    await shelf.shop.execute(
        "INSERT INTO runtime.model_breakers (route, state, failures, openings, last_code, failed_at, opened_at, "
        "retry_at) VALUES ('resting', 'open', 5, 1, 'unreachable', now(), now(), now() + interval '1 hour')"
    )
    fields = {"key": new_id("frm"), "route": "resting"}
    closed = await owner.post(f"{PLACE}/breakers/closing", fields)
    assert "resting is asked again." in closed.flashes
    assert await shelf.shop.fetchval("SELECT count(*) FROM runtime.model_breakers WHERE route = 'resting'") == 0
    again = await owner.post(f"{PLACE}/breakers/closing", fields)
    assert "No breaker of a route 'resting' is known." in again.flashes


async def test_a_target_is_changed_and_nonsense_is_not(shelf: Shelf, owner: Colleague) -> None:
    target = "SELECT target FROM runtime.targets WHERE metric = 'succeeded'"
    was = await shelf.shop.fetchval(target)
    for text, expected in (("97.5", 97.5), ("many", 97.5), ("-1", 97.5), ("", None), (str(was), was)):
        await owner.post(f"{PLACE}/targets", {"key": new_id("frm"), "metric": "succeeded", "target": text})
        assert await shelf.shop.fetchval(target) == expected, text


async def test_a_missed_target_is_noted(shelf: Shelf, owner: Colleague) -> None:
    alert_id = new_id("alr")
    await shelf.shop.execute(
        "INSERT INTO runtime.alerts (id, metric, value, target, began_at, seen_at) "
        "VALUES ($1, 'succeeded', 50, 95, now(), now())",
        alert_id,
    )
    page = await owner.get(PLACE)
    assert "Succeeded 50 against 95" in page.text_of(".switch-panel")
    await owner.submit(page, f'form[action$="/{alert_id}/note"]')
    assert await shelf.shop.fetchval("SELECT seen_by FROM runtime.alerts WHERE id = $1", alert_id) == owner.id
    await shelf.shop.execute("UPDATE runtime.alerts SET ended_at = now() WHERE id = $1", alert_id)
