"""Dead letters of every kind: listed, tried again, given up; each with its exact state afterwards."""

from datetime import UTC, datetime
from math import ceil

from bottega.kernel.identifiers import new_id
from bottega.web.console.work_list import ROWS_PER_PAGE
from tests.web.console.colleagues import CONSOLE, Colleague
from tests.web.console.test_strictness import assert_whole
from tests.web.shelf import HOSTILE, Shelf

PLACE = f"{CONSOLE}/jobs"


async def dead_job(shelf: Shelf, *, milliseconds: int | None = None) -> str:
    """A job that was given up, made now or then."""
    job_id = new_id("job", milliseconds=milliseconds)
    await shelf.shop.execute(
        "INSERT INTO platform.jobs (id, name, payload, state, priority, attempts, maximum_attempts, run_after, "
        "last_error, created_at, finished_at, queue_id) VALUES ($1, 'test.nothing', '{}', 'dead', 0, 5, 5, now(), $2, "
        "now(), now(), nextval('platform.pgqueuer_id_seq'))",
        job_id,
        HOSTILE,
    )
    return job_id


async def dead_effect(shelf: Shelf) -> str:
    """A mail that could not be sent."""
    effect_id = new_id("eff")
    entry = await shelf.shop.fetchval("SELECT id FROM log.entries ORDER BY sequence DESC LIMIT 1")
    await shelf.shop.execute(
        "INSERT INTO log.effects (id, entry_id, kind, key, payload, maximum_attempts, attempts, next_attempt_at, "
        "created_at, state, last_error) VALUES ($1, $2, 'mail.sign_in', $1, '{\"subject_id\": \"stf_nobody\"}', 8, 8, "
        "$3, $3, 'dead', $4)",
        effect_id,
        entry,
        datetime.now(UTC),
        HOSTILE,
    )
    return effect_id


async def state_of_job(shelf: Shelf, job_id: str) -> str:
    return await shelf.shop.fetchval("SELECT state FROM platform.jobs WHERE id = $1", job_id)


async def state_of_effect(shelf: Shelf, effect_id: str) -> str:
    return await shelf.shop.fetchval("SELECT state FROM log.effects WHERE id = $1", effect_id)


async def test_a_dead_job_is_put_back(shelf: Shelf, owner: Colleague) -> None:
    job_id, other = await dead_job(shelf), await dead_job(shelf)
    page = await owner.get(f"{PLACE}/list")
    assert_whole(page)
    assert "<script>alert" not in page.response.text
    assert job_id in page.text
    sent = await owner.post(f"{PLACE}/list/requeue", {"key": new_id("frm"), "chosen": job_id})
    assert (sent.path, "1 job put back." in sent.flashes) == (f"{PLACE}/list", True)
    assert (await state_of_job(shelf, job_id), await state_of_job(shelf, other)) == ("waiting", "dead")
    again = await owner.post(f"{PLACE}/list/requeue", {"key": new_id("frm"), "chosen": job_id})
    assert "Only dead and cancelled jobs can be requeued" in again.flashes
    await owner.post(f"{PLACE}/list/discard", {"key": new_id("frm"), "chosen": other})
    assert await state_of_job(shelf, other) == "cancelled"
    await owner.post(f"{PLACE}/list/discard", {"key": new_id("frm"), "chosen": job_id})


async def test_what_does_not_fit_is_on_the_next_page(shelf: Shelf, owner: Colleague) -> None:
    made = [await dead_job(shelf) for _ in range(ROWS_PER_PAGE)]
    oldest = await dead_job(shelf, milliseconds=1)
    counted = await shelf.shop.fetchval("SELECT count(*) FROM platform.jobs WHERE state = 'dead'")
    first = await owner.get(f"{PLACE}/list")
    assert [job_id in first.text for job_id in (made[-1], oldest)] == [True, False]
    assert first.count("a[rel=next]") == 1
    last = await owner.get(f"{PLACE}/list?page={ceil(counted / ROWS_PER_PAGE)}")
    assert (oldest in last.text, last.count("a[rel=next]"), last.count("a[rel=prev]")) == (True, 0, 1)
    for job_id in (*made, oldest):
        await shelf.shop.execute("UPDATE platform.jobs SET state = 'cancelled' WHERE id = $1", job_id)


async def test_a_dead_call_is_tried_again_or_given_up(shelf: Shelf, owner: Colleague, support: Colleague) -> None:
    tried, given_up = await dead_effect(shelf), await dead_effect(shelf)
    page = await owner.get(f"{PLACE}/calls")
    assert_whole(page)
    assert "<script>alert" not in page.response.text
    assert (await support.get(f"{PLACE}/calls")).count("#bulk") == 0
    sent = await owner.post(f"{PLACE}/calls/requeue", {"key": new_id("frm"), "chosen": tried})
    assert "It is tried again." in sent.flashes
    assert (await state_of_effect(shelf, tried), await state_of_effect(shelf, given_up)) == ("unknown", "dead")
    await owner.post(f"{PLACE}/calls/cancellation", {"key": new_id("frm"), "chosen": given_up})
    assert await state_of_effect(shelf, given_up) == "cancelled"
    (entry,) = await shelf.shop.fetch(
        "SELECT actor_id, action FROM log.entries WHERE action = 'CancelEffect' ORDER BY sequence DESC LIMIT 1"
    )
    assert entry["actor_id"] == owner.id


async def test_nothing_chosen_and_nonsense_chosen_are_told(shelf: Shelf, owner: Colleague) -> None:
    none = await owner.post(f"{PLACE}/calls/requeue", {"key": new_id("frm")})
    assert "No row is chosen." in none.flashes
    nonsense = await owner.post(f"{PLACE}/calls/requeue", {"key": new_id("frm"), "chosen": "x"})
    assert "A chosen row has no id." in nonsense.flashes
    jobs = await owner.post(f"{PLACE}/list/requeue", {"key": new_id("frm"), "chosen": "job_nobody"})
    assert "There is no job job_nobody" in jobs.flashes


async def test_the_first_page_counts_what_is_dead(shelf: Shelf, owner: Colleague) -> None:
    job_id = await dead_job(shelf)
    counted = await shelf.shop.fetchval("SELECT count(*) FROM platform.jobs WHERE state = 'dead'")
    assert f"Dead jobs {counted}" in (await owner.get(PLACE)).text
    await owner.post(f"{PLACE}/list/discard", {"key": new_id("frm"), "chosen": job_id})
    assert await state_of_job(shelf, job_id) == "cancelled"
