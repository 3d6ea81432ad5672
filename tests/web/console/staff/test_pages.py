"""Staff in the console: invited, another role, out, and in again; only by the owner."""

from tests.web.console.colleagues import CONSOLE, Colleague, colleague
from tests.web.console.test_strictness import assert_whole
from tests.web.console.working import send
from tests.web.shelf import HOSTILE

STAFF = f"{CONSOLE}/staff"


async def row_of(one: Colleague, staff_id: str) -> tuple[str, bool]:
    row = (await one.shelf.shop.fetch("SELECT role, active FROM shop.staff WHERE id = $1", staff_id))[0]
    return row["role"], row["active"]


async def test_somebody_is_invited(owner: Colleague) -> None:
    fields = {"name": HOSTILE[:60], "email": "newcomer@example.com", "role": "warehouse"}
    page = await owner.submit(await owner.get(STAFF), "#invite form", **fields)
    assert_whole(page)
    assert "a code is on its way" in page.flashes
    assert (page.count("main script, main img"), "newcomer@example.com" in page.text) == (0, True)
    effects = (
        "SELECT count(*) FROM log.effects e JOIN log.entries n ON n.id = e.entry_id WHERE n.action = 'InviteStaff'"
    )
    assert await owner.shelf.shop.fetchval(effects) >= 1


async def test_a_role_changes_and_somebody_leaves_and_returns(owner: Colleague) -> None:
    other = await colleague(owner.shelf, "support", "Nora Bassi")
    page = await owner.submit(await owner.get(STAFF), f"#role-{other.id} form", role="analyst")
    assert await row_of(owner, other.id) == ("analyst", True)
    await owner.submit(page, f"#out-{other.id} form")
    assert await row_of(owner, other.id) == ("analyst", False)
    assert (await other.get(CONSOLE)).path == f"{CONSOLE}/sign-in"
    left = await owner.get(f"{STAFF}?state=left")
    await owner.submit(left, f"#back-{other.id} form", role="support")
    assert await row_of(owner, other.id) == ("support", True)
    await other.client.aclose()


async def test_a_manager_looks_and_changes_nothing(colleagues: dict[str, Colleague]) -> None:
    manager, support = colleagues["manager"], colleagues["support"]
    assert (await manager.get(STAFF)).count("main form[method='post']") == 0
    assert (await send(manager, f"{STAFF}/{support.id}/role", role="owner")).status == 403
    assert await row_of(manager, support.id) == ("support", True)
